import { HttpStatus } from '@nestjs/common';

/** Every error name that the wire knows, with the status it travels under. */
export const STATUS_OF = {
  BadRequest: HttpStatus.BAD_REQUEST,
  UnauthorizedError: HttpStatus.UNAUTHORIZED,
  PermissionDenied: HttpStatus.FORBIDDEN,
  PermissionBoundaryError: HttpStatus.FORBIDDEN,
  ForbiddenError: HttpStatus.FORBIDDEN,
  NotFound: HttpStatus.NOT_FOUND,
  RequestTimeout: HttpStatus.REQUEST_TIMEOUT,
  PayloadTooLarge: HttpStatus.PAYLOAD_TOO_LARGE,
  UriTooLong: HttpStatus.URI_TOO_LONG,
  UnsupportedMediaType: HttpStatus.UNSUPPORTED_MEDIA_TYPE,
  ExpectationFailed: HttpStatus.EXPECTATION_FAILED,
  ValidationFailure: HttpStatus.UNPROCESSABLE_ENTITY,
  RateLimitExceeded: HttpStatus.TOO_MANY_REQUESTS,
  HeaderFieldsTooLarge: 431,
  InternalServerError: HttpStatus.INTERNAL_SERVER_ERROR,
  ServiceUnavailable: HttpStatus.SERVICE_UNAVAILABLE,
} as const;

export type ErrorName = keyof typeof STATUS_OF;

export interface AppErrorOptions extends ErrorOptions {
  /** Public: part of the answer. */
  details?: unknown;
}

/**
 * What services throw. `message` and `details` are public; `cause` is for the log alone.
 * The edge turns the name into a status; no service knows one.
 */
export abstract class AppError extends Error {
  abstract override readonly name: ErrorName;
  readonly details?: unknown;
  /** Whole seconds after which to come again, at least 1; absent where coming again is no use. */
  readonly retryAfter?: number;

  constructor(message: string, { details, ...options }: AppErrorOptions = {}) {
    super(message, options);
    this.details = details;
  }
}

/** The request is well-formed, but the state of things forbids it. */
export class BadRequestError extends AppError {
  override readonly name: ErrorName = 'BadRequest';
}

/** No credential, or one that is not, or no longer, good. */
export class UnauthorizedError extends AppError {
  override readonly name: ErrorName = 'UnauthorizedError';
}

/** The caller is known, but not allowed here: address, or organization. */
export class ForbiddenError extends AppError {
  override readonly name: ErrorName = 'ForbiddenError';
}

/** Unknown, or another organization's: the caller cannot tell which. */
export class NotFoundError extends AppError {
  override readonly name: ErrorName = 'NotFound';
}

/** All or nothing happened; the caller may come back after `retryAfter` seconds. */
export class ServiceUnavailableError extends AppError {
  override readonly name: ErrorName = 'ServiceUnavailable';
  override readonly retryAfter = 1;
}

/** Too much came; nothing of it was looked at. */
export class RateLimitExceededError extends AppError {
  override readonly name: ErrorName = 'RateLimitExceeded';

  constructor(
    reason: string,
    override readonly retryAfter: number,
  ) {
    super(`${reason}; retry in ${retryAfter} ${retryAfter === 1 ? 'second' : 'seconds'}`);
  }
}

/** One failure of a request's shape. `path` leads to the value, outermost key first. */
export interface ValidationIssue {
  code: string;
  path: (string | number)[];
  message: string;
}

/** The request's path, query or body has a wrong shape; every failure is listed. */
export class ValidationError extends AppError {
  override readonly name: ErrorName = 'ValidationFailure';

  constructor(readonly issues: ValidationIssue[]) {
    super('The request has a wrong shape');
  }
}
