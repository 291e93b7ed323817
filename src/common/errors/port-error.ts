const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken',
  EACCES: 'is one that this user may not listen on',
};

/** A port can't be listened on. The message says what to do. */
export class PortError extends Error {
  private constructor(variable: string, port: number, reason: string, cause: unknown) {
    super(`The port ${port} ${reason}; set ${variable} to another one, or to 0 for any`, { cause });
  }

  /** What a failure to listen means for whoever set the variable; one that has another cause stays as it is. */
  static of(variable: 'PORT' | 'MANAGEMENT_PORT', port: number, error: unknown): unknown {
    const reason = REASONS[(error as { code?: string }).code ?? ''];
    return reason === undefined ? error : new PortError(variable, port, reason, error);
  }
}
