import type { FastifyReply } from 'fastify';
import type { ErrorName } from '../errors/app-error.js';
import type { RequestContext } from './request-context.js';

/** How a rate limit stands, for the header. */
interface Allowance {
  whose: string;
  policy: string;
  /** Requests that are left. */
  left: number;
  /** Seconds until all of them are there again. */
  fullIn: number;
}

declare module 'fastify' {
  /** What a controller method says of its route by `@RouteConfig`. */
  interface FastifyContextConfig {
    /** Bytes, where it is not the limit of all. */
    bodyLimit?: number;
  }

  interface FastifyInstance {
    /** Takes an answer into the log and the metrics. */
    account(request: FastifyRequest, reply: FastifyReply): void;
  }

  interface FastifyRequest {
    /** Where the request came from and when; set before anything else looks at it. */
    context: RequestContext;
    /** The name of the error that the request was answered with, for the log. */
    denial?: ErrorName;
    /** Why a token was refused; for the log alone. */
    denialReason?: string;
    /** Tokens that the caller asked about and that are not good; for the log alone. */
    inactive?: { tokenId: string | null; reason: string }[];
    /** The trace that the request is part of, when traces are on; for the log. */
    traceId?: string;
    /** How the rate limit stands that the request came closest to. */
    allowance?: Allowance;
    /** A token was sent in the body instead of the Authorization header. */
    hasBodyToken?: boolean;
  }
}
