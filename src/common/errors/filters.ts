import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { isUnavailable } from './postgres-errors.js';
import { AppError, ValidationError } from './app-error.js';
import { frameworkError } from './framework-errors.js';
import { isOAuth } from './oauth-error.js';
import { sendError } from './send-error.js';

/** Says to a bearer why its token is no longer good. */
const DENIAL_HEADER = 'x-token-denial';

/** A token in a body is no bearer's, and below `/oauth2` no header says anything of any token. */
const isToldBearer = (request: FastifyRequest): boolean => request.hasBodyToken !== true && !isOAuth(request);

const sides = (host: ArgumentsHost): [FastifyRequest, FastifyReply] => {
  const http = host.switchToHttp();
  return [http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>()];
};

/** What an error knows of why a token was refused: for the log, and for the bearer of a text that we signed. */
interface Denial {
  reason?: string;
  publicReason?: string;
}

/** Answers the errors that we throw on purpose. */
@Catch(AppError)
export class AppErrorFilter implements ExceptionFilter<AppError> {
  catch(error: AppError, host: ArgumentsHost): void {
    const [request, reply] = sides(host);
    const { reason, publicReason } = error as Denial;
    request.denialReason = reason;
    if (publicReason !== undefined && isToldBearer(request)) void reply.header(DENIAL_HEADER, publicReason);
    if (error.retryAfter !== undefined) void reply.header('retry-after', String(error.retryAfter));
    sendError(
      request,
      reply,
      error.name,
      error instanceof ValidationError ? error.issues : error.message,
      error.details,
    );
  }
}

/** Answers what nobody expected, and is the only one that logs a cause. Nothing of it reaches the caller. */
@Catch()
export class UnexpectedErrorFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const [request, reply] = sides(host);
    if (isUnavailable(error)) {
      this.log.error({ reqId: request.id, err: error }, 'the database is out of reach or too slow');
      void reply.header('retry-after', '1');
      return sendError(request, reply, 'ServiceUnavailable', 'The service is not available right now');
    }
    const known = frameworkError((error as { statusCode?: number } | null)?.statusCode ?? 500, error);
    if (known) return sendError(request, reply, known.error, known.message);
    this.log.error({ reqId: request.id, err: error }, 'unexpected error');
    sendError(request, reply, 'InternalServerError', 'Something went wrong');
  }
}

/** Answers the framework's own errors: unknown route, malformed JSON, wrong media type, oversize. */
@Catch(HttpException)
export class HttpExceptionFilter implements ExceptionFilter<HttpException> {
  constructor(private readonly unexpected: UnexpectedErrorFilter) {}

  catch(error: HttpException, host: ArgumentsHost): void {
    const [request, reply] = sides(host);
    const known = frameworkError(error.getStatus(), error.cause ?? error);
    if (!known) return this.unexpected.catch(error, host);
    sendError(request, reply, known.error, known.message);
  }
}
