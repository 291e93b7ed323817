import type { FastifyRequest } from 'fastify';
import { bearerTokenOf } from '../http/bearer-token.js';
import { type ErrorName, STATUS_OF, type ValidationIssue } from './app-error.js';

/** The error shape of RFC 6749 section 5.2, which all of `/oauth2` answers with. */
export interface OAuthErrorBody {
  error: string;
  error_description: string;
}

const CODES: Readonly<Partial<Record<ErrorName, string>>> = {
  PermissionDenied: 'insufficient_scope',
  PermissionBoundaryError: 'access_denied',
  ForbiddenError: 'access_denied',
  RateLimitExceeded: 'temporarily_unavailable',
  ServiceUnavailable: 'temporarily_unavailable',
  InternalServerError: 'server_error',
};

/** Failures of a body that an answer describes; a caller that sends more of them learns from these. */
const MAX_ISSUES = 10;

/** The route is looked at first, for a URL can be spelled in many ways; what found no route has only its URL. */
export const isOAuth = (request: FastifyRequest): boolean =>
  /^\/oauth2(?=[/?]|$)/.test(request.routeOptions?.url ?? request.url);

/** An error as RFC 6749 section 5.2 has it: a body of a wrong shape is a 400 there. */
export function oauthError(
  request: FastifyRequest,
  error: ErrorName,
  message: unknown,
): { status: number; body: OAuthErrorBody } {
  return {
    status: error === 'ValidationFailure' ? STATUS_OF.BadRequest : STATUS_OF[error],
    body: { error: codeOf(request, error), error_description: descriptionOf(message) },
  };
}

/** A bearer token that was sent is no good (RFC 6750 section 3.1), or the client did not say who it is (RFC 6749). */
function codeOf({ headers }: FastifyRequest, error: ErrorName): string {
  if (error === 'UnauthorizedError') return bearerTokenOf(headers) === null ? 'invalid_client' : 'invalid_token';
  return CODES[error] ?? 'invalid_request';
}

function descriptionOf(message: unknown): string {
  const text = Array.isArray(message)
    ? (message as ValidationIssue[]).slice(0, MAX_ISSUES).map(told).join('; ')
    : message;
  return String(text).replaceAll(/[^\x20-\x7e]|["\\]/g, '');
}

/** A failure names its own field; where that one lies within others, they come first. */
const told = ({ path, message }: ValidationIssue): string => [...path.slice(0, -1), message].join('.');
