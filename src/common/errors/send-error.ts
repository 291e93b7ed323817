import type { FastifyReply, FastifyRequest } from 'fastify';
import { bearerTokenOf } from '../http/bearer-token.js';
import { type ErrorName, STATUS_OF } from './app-error.js';
import { isOAuth, oauthError } from './oauth-error.js';

/** The one error shape of this API. */
export interface ErrorBody {
  reqId: string;
  statusCode: number;
  message: unknown;
  error: string;
  details?: unknown;
}

export function errorBody(reqId: string, error: ErrorName, message: unknown, details?: unknown): ErrorBody {
  return { reqId, statusCode: STATUS_OF[error], message, error, ...(details === undefined ? {} : { details }) };
}

/** Answers a request with the one error shape of this API; below `/oauth2` with that of its standards. */
export function sendError(
  request: FastifyRequest,
  reply: FastifyReply,
  error: ErrorName,
  message: unknown,
  details?: unknown,
): void {
  if (reply.sent) return;
  request.denial = error;
  if (error === 'UnauthorizedError') void reply.header('www-authenticate', challenge(request, String(message)));
  const { status, body } = isOAuth(request)
    ? oauthError(request, error, message)
    : { status: STATUS_OF[error], body: errorBody(request.id, error, message, details) };
  void reply.status(status).type('application/json; charset=utf-8').send(JSON.stringify(body));
}

/** RFC 6750 section 3: a bare challenge when no token came, the reason's class when one did. */
function challenge(request: FastifyRequest, description: string): string {
  const sent = bearerTokenOf(request.headers) !== null || request.hasBodyToken === true;
  return sent ? `Bearer error="invalid_token", error_description="${description.replaceAll(/["\\]/g, '')}"` : 'Bearer';
}
