import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { Audited } from '../audit-event/audited.js';
import { hotPlaceOf } from '../common/http/hot-route.js';
import { DatabaseLimiter } from '../database/database-limiter.service.js';
import type { Actor } from '../permission/actor.js';

/** Exempts a route from the limit of concurrent reads, because its service limits its own database work. */
export const SkipReadLimit = Reflector.createDecorator<void, true>({ transform: () => true });

/**
 * Limits the concurrent reads per caller. Changes are limited where their transaction is opened, and routes outside of
 * the Nest pipeline where they read.
 */
@Injectable()
export class ReadLimitInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly limiter: DatabaseLimiter,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { user } = context.switchToHttp().getRequest<FastifyRequest & { user?: Actor }>();
    if (!user || this.isExempt(context.getHandler())) return next.handle();
    return from(this.limiter.run('read', user, () => lastValueFrom(next.handle(), { defaultValue: undefined })));
  }

  private isExempt(handler: ReturnType<ExecutionContext['getHandler']>): boolean {
    if (hotPlaceOf(handler) || this.reflector.get(SkipReadLimit, handler)) return true;
    return this.reflector.get(Audited, handler) !== undefined;
  }
}
