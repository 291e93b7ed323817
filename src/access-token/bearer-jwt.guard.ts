import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { RefusalInterceptor } from '../audit-event/refusal.interceptor.js';
import { AccessTokenRefusedError } from './access-token-errors.js';
import { JwtStrategy } from './jwt.strategy.js';
import { IsPublic } from './public.decorator.js';

/** The names of what jsonwebtoken finds wrong with a token. Any other error is not the token's fault. */
const JWT_ERRORS = new Set(['JsonWebTokenError', 'NotBeforeError', 'TokenExpiredError']);

/** Lets only callers with a good bearer token through, on every route that is not `@Public()`. */
@Injectable()
export class BearerJwtGuard extends AuthGuard() {
  constructor(
    private readonly reflector: Reflector,
    private readonly refusals: RefusalInterceptor,
    strategy: JwtStrategy,
  ) {
    super({ defaultStrategy: strategy.registeredAs });
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const isPublic = this.reflector.getAllAndOverride(IsPublic, [context.getHandler(), context.getClass()]);
    if (isPublic) return true;
    try {
      return (await super.canActivate(context)) as boolean;
    } catch (error) {
      // A change that is refused for its address is told like one that is refused for permission.
      await this.refusals.note(context, error);
      throw error;
    }
  }

  /** Passport reports what went wrong before and during the proof in `info`, and what later steps threw in `error`. */
  override handleRequest<TActor>(error: unknown, actor: TActor | false, info: unknown): TActor {
    if (error) throw error;
    if (actor) return actor;
    if (!(info instanceof Error) || info.message === 'No auth token') throw new AccessTokenRefusedError('missing');
    throw JWT_ERRORS.has(info.name) ? new AccessTokenRefusedError('bad-signature', { cause: info }) : info;
  }
}
