import { HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { AppError, ValidationError } from './app-error.js';
import { frameworkError } from './framework-errors.js';
import { isOAuth } from './oauth-error.js';
import { isPoolExhausted, isUnavailable } from './postgres-errors.js';
import { sendError } from './send-error.js';

/** Says to a bearer why its token is no longer good. */
const DENIAL_HEADER = 'x-token-denial';

/** A token in a body is no bearer's, and below `/oauth2` no header says anything of any token. */
const isToldBearer = (request: FastifyRequest): boolean => request.hasBodyToken !== true && !isOAuth(request);

/** What an error knows of why a token was refused: for the log, and for the bearer of a text that we signed. */
interface Denial {
  reason?: string;
  publicReason?: string;
}

/** Answers a request that ended in an error, whichever way the request came to its route. */
export function answerError(log: Logger, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  if (error instanceof AppError) answerAppError(error, request, reply);
  else if (error instanceof HttpException) answerHttpException(log, error, request, reply);
  else answerUnexpected(log, error, request, reply);
}

/** The errors that we throw on purpose. */
function answerAppError(error: AppError, request: FastifyRequest, reply: FastifyReply): void {
  const { reason, publicReason } = error as Denial;
  request.denialReason = reason;
  if (publicReason !== undefined && isToldBearer(request)) void reply.header(DENIAL_HEADER, publicReason);
  if (error.retryAfter !== undefined) void reply.header('retry-after', String(error.retryAfter));
  const message = error instanceof ValidationError ? error.issues : error.message;
  sendError(request, reply, error.name, message, error.details);
}

/** The framework's own errors: unknown route, malformed JSON, wrong media type, oversize. */
function answerHttpException(log: Logger, error: HttpException, request: FastifyRequest, reply: FastifyReply): void {
  const known = frameworkError(error.getStatus(), error.cause ?? error);
  if (!known) return answerUnexpected(log, error, request, reply);
  sendError(request, reply, known.error, known.message);
}

/** What nobody expected; the only one whose cause is logged. Nothing of it reaches the caller. */
function answerUnexpected(log: Logger, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  if (isUnavailable(error)) {
    const reason = isPoolExhausted(error)
      ? 'no database connection became free in time: all connections of the pool are in use'
      : 'the database is out of reach or too slow';
    log.error({ reqId: request.id, err: error }, reason);
    void reply.header('retry-after', '1');
    return sendError(request, reply, 'ServiceUnavailable', 'The service is not available right now');
  }
  const known = frameworkError((error as { statusCode?: number } | null)?.statusCode ?? 500, error);
  if (known) return sendError(request, reply, known.error, known.message);
  log.error({ reqId: request.id, err: error }, 'unexpected error');
  sendError(request, reply, 'InternalServerError', 'Something went wrong');
}
