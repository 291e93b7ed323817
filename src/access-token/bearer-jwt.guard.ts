import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { AccessTokenRefusedError } from './access-token-errors.js';
import { IsPublic } from './public.decorator.js';

/** The names of what jsonwebtoken finds wrong with a token. Any other error is not the token's fault. */
const JWT_ERRORS = new Set(['JsonWebTokenError', 'NotBeforeError', 'TokenExpiredError']);

/** Lets only callers with a good bearer token through, on every route that is not `@Public()`. */
@Injectable()
export class BearerJwtGuard extends AuthGuard('jwt') {
  constructor(private readonly reflector: Reflector) {
    super();
  }

  override canActivate(
    context: ExecutionContext,
  ): ReturnType<InstanceType<ReturnType<typeof AuthGuard>>['canActivate']> {
    const isPublic = this.reflector.getAllAndOverride(IsPublic, [context.getHandler(), context.getClass()]);
    return isPublic || super.canActivate(context);
  }

  /** Passport reports what went wrong before and during the proof in `info`, and what later steps threw in `error`. */
  override handleRequest<TActor>(error: unknown, actor: TActor | false, info: unknown): TActor {
    if (error) throw error;
    if (actor) return actor;
    if (!(info instanceof Error) || info.message === 'No auth token') throw new AccessTokenRefusedError('missing');
    throw JWT_ERRORS.has(info.name) ? new AccessTokenRefusedError('bad-signature', { cause: info }) : info;
  }
}
