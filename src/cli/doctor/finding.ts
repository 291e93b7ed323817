/** A fault keeps the service from working, or from keeping its promises; a warning may be what its operator wants. */
export type Level = 'ok' | 'warning' | 'fault';

/** What was looked at, and what was seen. */
export interface Finding {
  check: string;
  level: Level;
  message: string;
  /** What is to be done about it; absent where nothing is. */
  remedy?: string;
}

export const ok = (check: string, message: string): Finding => ({ check, level: 'ok', message });

export const warning = (check: string, message: string, remedy: string): Finding => ({
  check,
  level: 'warning',
  message,
  remedy,
});

export const fault = (check: string, message: string, remedy: string): Finding => ({
  check,
  level: 'fault',
  message,
  remedy,
});
