import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RateLimitExceededError } from '../../common/errors/app-error.js';
import { sendError } from '../../common/errors/send-error.js';
import { bearerTokenOf } from '../../common/http/bearer-token.js';
import type { RateLimits } from './rate-limits.service.js';

/**
 * Whether a request counts for its address as soon as its header is there: it names no bearer, or no route. One that
 * names a bearer to a route that asks for none counts when the route is known.
 */
export const countsEarly = (request: FastifyRequest): boolean =>
  bearerTokenOf(request.headers) === null || request.is404;

/** Refuses what an address sends beyond its limit before its body is read. */
export function addAddressLimit(fastify: FastifyInstance, limits: RateLimits): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!countsEarly(request)) return done();
    try {
      limits.admitAddress(request);
    } catch (error) {
      if (!(error instanceof RateLimitExceededError)) throw error;
      limits.tell(request, reply);
      return refuse(request, reply, error);
    }
    limits.tell(request, reply);
    done();
  });
}

function refuse(request: FastifyRequest, reply: FastifyReply, { name, message, retryAfter }: RateLimitExceededError) {
  void reply.header('retry-after', String(retryAfter));
  sendError(request, reply, name, message);
}
