import type { ExecutionContext } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import './common/http/fastify-request.js';
import { prepareServer } from './app.server.js';
import { addAddressLimit } from './access-token/rate-limit/address-limit.js';
import { BearerJwtGuard } from './access-token/bearer-jwt.guard.js';
import { ConfirmedRefusalInterceptor } from './access-token/confirmed-refusal.interceptor.js';
import { RateLimits } from './access-token/rate-limit/rate-limits.service.js';
import { RefusalInterceptor } from './audit-event/refusal.interceptor.js';
import { Clock } from './common/clock.js';
import { ServiceUnavailableError } from './common/errors/app-error.js';
import { answerError } from './common/errors/answer-error.js';
import { ErrorFilter } from './common/errors/error.filter.js';
import { frameworkError } from './common/errors/framework-errors.js';
import { addBodyParsers } from './common/http/body-parsers.js';
import { isPipelined, PipelineLimiter } from './common/http/pipelining.js';
import { RequestMetrics } from './common/http/request-metrics.js';
import { clientAddress, normalizeAddress } from './common/http/client-address.js';
import { serveHot } from './common/http/hot-route.js';
import { HotRouteAdapter } from './common/http/hot-route.adapter.js';
import { hasTooManyFields } from './common/http/request-head.js';
import { serverOptions } from './common/http/server-options.js';
import { callerReqId, traceIdOf } from './common/http/trace-context.js';
import {
  addFixedHeaders,
  answerClientError,
  answerFault,
  answerFrameworkError,
  rejectInvalidHead,
} from './common/http/transport-errors.js';
import { blocksOf, parseTrustedIp, type TrustedIp } from './common/http/trusted-ip.js';
import { Metrics } from './common/metrics.js';
import { newReqId } from './common/random-id.js';
import { isUuid } from './common/uuid.js';
import { RequestShapePipe } from './common/validation/request-shape.pipe.js';
import type { AppConfig } from './config/app-config.js';

const BODY_LIMIT_BYTES = 64 * 1024;
const MAX_PATH_PARAMETER = 512;

/** Longer than any URL of this API. Node's own bound of 16 KiB is one for all header fields together. */
const MAX_URL = 8 * 1024;

/** The HTTP server under Nest: bounds on what it reads, and errors that never reach Nest in our own shape. */
export function createAdapter(config: AppConfig, log: Logger): HotRouteAdapter {
  return new HotRouteAdapter({
    genReqId: newReqId,
    requestIdHeader: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: config.REQUEST_TIMEOUT * 1000,
    connectionTimeout: config.STALL_TIMEOUT * 1000,
    ...serverOptions(config),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PATH_PARAMETER },
    exposeHeadRoutes: false,
    // Nothing here is middleware, and what would run it asks at every request.
    skipMiddie: true,
    // What still comes in on a connection that is being closed is answered like anything else.
    return503OnClosing: false,
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: (error, socket) => answerClientError(log, error, socket),
  });
}

/** Routes that their standards name from the root of the host. */
const OUTSIDE_PREFIX = ['oauth2/{*path}', '.well-known/*path'];

/** Where the routes lie: the API below `/api`, and beside it what its standards place. */
export function placeRoutes(app: NestFastifyApplication): NestFastifyApplication {
  return app.setGlobalPrefix('api', { exclude: OUTSIDE_PREFIX });
}

/** Pipes, filters, hooks and parsers: what main, the command line and the tests share. */
export function setUpApp(app: NestFastifyApplication, config: AppConfig, log: Logger): NestFastifyApplication {
  placeRoutes(app);
  prepareServer(app, config, log);
  app.useGlobalPipes(new RequestShapePipe());
  app.useGlobalFilters(new ErrorFilter(log));
  addBodyParsers(app.getHttpAdapter().getInstance());
  addHooks(app, config, log);
  addAddressLimit(app.getHttpAdapter().getInstance(), app.get(RateLimits));
  addAccount(app, log);
  return app;
}

/** Has hot routes served beside Nest's pipeline. Without this, they are answered the same and cost more. */
export function serveHotRoutes(app: NestFastifyApplication, log: Logger): NestFastifyApplication {
  const confirmed = app.get(ConfirmedRefusalInterceptor);
  const refusals = app.get(RefusalInterceptor);
  const steps = {
    guard: app.get(BearerJwtGuard),
    shape: new RequestShapePipe(),
    // Confirming comes first, since it throws where a server that was deposed may have refused: then nothing was
    // refused that the audit log should tell.
    beforeFailure: async (context: ExecutionContext, error: unknown) => {
      await confirmed.confirm(context, error);
      await refusals.note(context, error);
    },
    answerError: answerError.bind(null, log),
  };
  const adapter = app.getHttpAdapter() as unknown as HotRouteAdapter;
  adapter.serveHotRoutesBy((place) => serveHot(place, app.get<object>(place.controller), steps));
  return app;
}

function addHooks(app: NestFastifyApplication, config: AppConfig, log: Logger): void {
  const adapter = app.getHttpAdapter() as unknown as HotRouteAdapter;
  const fastify = adapter.getInstance();
  const clock = app.get(Clock);
  const trustedProxies = blocksOf(config.TRUSTED_PROXIES.map((entry) => parseTrustedIp(entry) as TrustedIp));
  fastify.addHook('onRoute', (route) => {
    route.bodyLimit = route.config?.bodyLimit ?? route.bodyLimit;
  });
  const prepare = (request: FastifyRequest, reply: FastifyReply): void => {
    const { headers, socket, id, raw } = request;
    const peer = normalizeAddress(socket.remoteAddress ?? '');
    const forwardedFor = headers['x-forwarded-for'];
    request.context = {
      reqId: id,
      address: hasTooManyFields(raw)
        ? null
        : forwardedFor === undefined
          ? peer
          : clientAddress(socket.remoteAddress, forwardedFor, trustedProxies),
      peer,
      userAgent: headers['user-agent'] ?? null,
      now: clock.now(),
    };
    addFixedHeaders(request, reply);
    makeIdsCanonical(request.params as Record<string, string>);
  };
  const begin = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    prepare(request, reply);
    if (rejectInvalidHead(request, reply)) return;
    if (request.url.length > MAX_URL) answerFault(request, reply, frameworkError(414, null));
    else done();
  };
  const pipelines = new PipelineLimiter(app.get(Metrics));
  // Runs before Nest's own hooks, one of which answers preflights by itself.
  adapter.setOnRequestHook((request, reply, done) => {
    if (!isPipelined(reply)) return begin(request, reply, done);
    if (pipelines.admit(request, reply, () => begin(request, reply, done))) return;
    prepare(request, reply);
    answerError(log, new ServiceUnavailableError('Too many requests wait on this connection'), request, reply);
  });
}

/** Every answer is told in the log and counted, whoever gave it. */
function addAccount(app: NestFastifyApplication, log: Logger): void {
  const fastify = app.getHttpAdapter().getInstance();
  const metrics = app.get(RequestMetrics);
  fastify.decorate('account', (request: FastifyRequest, reply: FastifyReply) => {
    const route = request.routeOptions?.url;
    metrics.note(request, reply, route);
    logRequest(log, request, reply, route);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    fastify.account(request, reply);
    done();
  });
}

/** An id has one spelling from here on, whichever the caller chose: what is keyed by it is found by it. */
function makeIdsCanonical(params: Record<string, string>): void {
  for (const name in params) if (isUuid(params[name])) params[name] = params[name].toLowerCase();
}

/** One line for each request: the route's pattern, never the URL, for a URL may hold anything. */
function logRequest(log: Logger, request: FastifyRequest, reply: FastifyReply, route: string | undefined): void {
  const { user: actor } = request as { user?: { identityId: string; tokenId: string } };
  const level = reply.statusCode >= 500 ? 'error' : 'info';
  log[level](
    {
      reqId: request.id,
      callerReqId: callerReqId(request.headers['x-request-id']),
      traceId: request.traceId ?? traceIdOf(request.headers.traceparent),
      method: request.method,
      route,
      statusCode: reply.statusCode,
      outcome: outcomeOf(reply.statusCode),
      error: request.denial,
      reason: request.denialReason,
      inactive: request.inactive?.length ? request.inactive : undefined,
      milliseconds: Math.round(reply.elapsedTime * 10) / 10,
      address: request.context?.address,
      identityId: actor?.identityId,
      tokenId: actor?.tokenId,
    },
    'request',
  );
}

const outcomeOf = (status: number): string => (status >= 500 ? 'failed' : status >= 400 ? 'refused' : 'done');
