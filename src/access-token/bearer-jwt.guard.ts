import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RefusalInterceptor } from '../audit-event/refusal.interceptor.js';
import type { Actor } from '../permission/actor.js';
import { AccessTokenRefusedError } from './access-token-errors.js';
import { countsEarly } from './rate-limit/address-limit.js';
import { FailedCredentials } from './rate-limit/failed-credentials.service.js';
import { JwtStrategy } from './jwt.strategy.js';
import { IsPublic } from './public.decorator.js';
import { RateLimits } from './rate-limit/rate-limits.service.js';

/** The names of what jsonwebtoken finds wrong with a token. Any other error is not the token's fault. */
const JWT_ERRORS = new Set(['JsonWebTokenError', 'NotBeforeError', 'TokenExpiredError']);

/** Lets only callers with a good bearer token through, on every route that is not `@Public()`. */
@Injectable()
export class BearerJwtGuard extends AuthGuard() {
  private readonly open = new WeakMap<object, boolean>();

  constructor(
    private readonly reflector: Reflector,
    private readonly refusals: RefusalInterceptor,
    private readonly failures: FailedCredentials,
    private readonly strategy: JwtStrategy,
    private readonly limits: RateLimits,
  ) {
    super({ defaultStrategy: strategy.registeredAs });
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest & { user?: Actor }>();
    if (this.isPublic(context)) return this.admitAnyone(request, http.getResponse<FastifyReply>());
    try {
      return await this.failures.judge(request.context, () => this.admit(context, request));
    } catch (error) {
      // A change that is refused for its address is told like one that is refused for permission.
      await this.refusals.note(context, error);
      throw error;
    } finally {
      this.limits.tell(request, http.getResponse<FastifyReply>());
    }
  }

  /** A public route: a request without a bearer was counted when its header came, one with a bearer is counted now. */
  private admitAnyone(request: FastifyRequest, reply: FastifyReply): true {
    if (countsEarly(request)) return true;
    try {
      this.limits.admitAddress(request);
    } finally {
      this.limits.tell(request, reply);
    }
    return true;
  }

  /** What is said of a route never changes. */
  private isPublic(context: ExecutionContext): boolean {
    const handler = context.getHandler();
    const known = this.open.get(handler);
    if (known !== undefined) return known;
    const said: true | undefined = this.reflector.getAllAndOverride(IsPublic, [handler, context.getClass()]);
    this.open.set(handler, said ?? false);
    return said ?? false;
  }

  /** A text that was proven before needs no passport round; the later steps are the same. */
  private async admit(context: ExecutionContext, request: FastifyRequest & { user?: Actor }): Promise<boolean> {
    const actor = await this.strategy.recall(request);
    if (!actor) return (await super.canActivate(context)) as boolean;
    request.user = actor;
    return true;
  }

  /** Passport reports what went wrong before and during the proof in `info`, and what later steps threw in `error`. */
  override handleRequest<TActor>(error: unknown, actor: TActor | false, info: unknown): TActor {
    if (error) throw error;
    if (actor) return actor;
    if (!(info instanceof Error) || info.message === 'No auth token') throw new AccessTokenRefusedError('missing');
    throw JWT_ERRORS.has(info.name) ? new AccessTokenRefusedError('bad-signature', { cause: info }) : info;
  }
}
