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

type BearerRequest = FastifyRequest & { user?: Actor };

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

  /** Gives no promise where memory suffices: it is asked at every request. */
  override canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<BearerRequest>();
    const reply = http.getResponse<FastifyReply>();
    if (this.isPublic(context)) return this.admitAnyone(request, reply);
    try {
      this.failures.check(request.context);
      const actor = this.strategy.recall(request);
      if (!actor || actor instanceof Promise) return this.judge(context, request, actor);
      this.limits.tell(request, reply);
      request.user = actor;
      return true;
    } catch (error) {
      return this.refuse(context, request, error);
    }
  }

  /** A text that was proven before needs no passport round; the later steps are the same. */
  private async judge(
    context: ExecutionContext,
    request: BearerRequest,
    recalled: Promise<Actor> | null,
  ): Promise<boolean> {
    try {
      if (recalled) request.user = await recalled;
      else await super.canActivate(context);
    } catch (error) {
      return this.refuse(context, request, error);
    }
    this.limits.tell(request, context.switchToHttp().getResponse<FastifyReply>());
    return true;
  }

  private async refuse(context: ExecutionContext, request: BearerRequest, error: unknown): Promise<never> {
    this.failures.note(request.context, error);
    this.limits.tell(request, context.switchToHttp().getResponse<FastifyReply>());
    // A change that is refused for its address is told like one that is refused for permission.
    await this.refusals.note(context, error);
    throw error;
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

  /** Passport reports what went wrong before and during the proof in `info`, and what later steps threw in `error`. */
  override handleRequest<TActor>(error: unknown, actor: TActor | false, info: unknown): TActor {
    if (error) throw error;
    if (actor) return actor;
    if (!(info instanceof Error) || info.message === 'No auth token') throw new AccessTokenRefusedError('missing');
    throw JWT_ERRORS.has(info.name) ? new AccessTokenRefusedError('bad-signature', { cause: info }) : info;
  }
}
