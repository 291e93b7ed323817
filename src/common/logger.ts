import type { LoggerService } from '@nestjs/common';
import { destination, type Logger, type LoggerOptions, pino, stdSerializers } from 'pino';
import { PinoPretty } from 'pino-pretty';
import { GatheredLines } from './gathered-lines.js';

const STANDARD_ERROR = 2;

/** JSON lines; on a terminal, lines for people. Bodies and credentials are never handed to it, so it can't tell them. */
export function createLogger(level: string, isTerminal: boolean): Logger {
  const options = loggerOptions(level);
  if (!isTerminal) return pino(options, new GatheredLines(pino.destination({ dest: 1, sync: true })));
  return pino(options, PinoPretty({ colorize: true, translateTime: 'SYS:HH:MM:ss', sync: true }));
}

/** JSON lines on standard error, where standard output belongs to a command: a token goes there, say, to a file. */
export const createCommandLogger = (level: string): Logger =>
  pino(loggerOptions(level), destination({ dest: STANDARD_ERROR, sync: true }));

/** How every log line is written, wherever it goes. */
export function loggerOptions(level: string): LoggerOptions {
  return {
    level,
    base: undefined,
    timestamp,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: safeError },
  };
}

/** The time as ISO 8601 has it, written once for all lines of a millisecond. */
const timestamp = (() => {
  let at = 0;
  let text = '';
  return (): string => {
    const now = Date.now();
    if (now !== at) {
      at = now;
      text = `,"time":"${new Date(now).toISOString()}"`;
    }
    return text;
  };
})();

/** Three parts of base64url of which the first begins as a JSON object does: a token, or what looks like one. */
const TOKEN = /eyJ[\w-]*\.[\w-]*\.[\w-]*/g;

/** What a log may know of an error: a query's parameters hold callers' data, and its detail holds rows. */
function safeError(error: Error): object {
  const { type, message, stack } = stdSerializers.err(error);
  return {
    type,
    message: withoutTokens(message),
    stack: withoutTokens(stack),
    code: (error as { code?: unknown }).code,
  };
}

/** PostgreSQL quotes a value that it can't read in its message. */
const withoutTokens = (text: string): string => text.replaceAll(TOKEN, '(a token)');

/** Lets Nest log through the same logger. What Nest says at start is for developers of the service. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message));
  }

  debug(message: unknown, context?: string): void {
    this.logger.trace({ context }, String(message));
  }

  verbose(message: unknown, context?: string): void {
    this.logger.trace({ context }, String(message));
  }

  warn(message: unknown, context?: string): void {
    this.logger.warn({ context }, String(message));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.logger.fatal({ context: rest.at(-1) }, String(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.logger.error({ context: rest.at(-1) }, String(message));
  }
}
