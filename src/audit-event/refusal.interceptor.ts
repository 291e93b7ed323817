import { type CallHandler, type ExecutionContext, HttpStatus, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { catchError, from, type Observable, switchMap, throwError } from 'rxjs';
import { AppError, STATUS_OF } from '../common/errors/app-error.js';
import { isUuid } from '../common/uuid.js';
import { Audited } from './audited.js';
import type { AuditActor, AuditTarget } from './audit-events.service.js';
import { RefusalLog } from './refusal-log.service.js';

/** Notes in the audit log what a route that changes something refused to a known caller. */
@Injectable()
export class RefusalInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly refusals: RefusalLog,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      catchError((error: unknown) => {
        const { user } = context.switchToHttp().getRequest<{ user?: AuditActor }>();
        return from(this.note(context, user, error)).pipe(switchMap(() => throwError(() => error)));
      }),
    );
  }

  /** Writes a refusal of a change; anything else is no refusal, and reading is not told. */
  async note(context: ExecutionContext, actor: AuditActor | undefined, error: unknown): Promise<void> {
    const event = this.reflector.get(Audited, context.getHandler());
    if (!event || !actor || !(error instanceof AppError) || STATUS_OF[error.name] !== HttpStatus.FORBIDDEN) return;
    await this.refusals.record(actor, event, targetOf(context.switchToHttp().getRequest(), error.name));
  }
}

/** What the path names. An id that is none is a caller's text, and not kept. */
function targetOf(request: FastifyRequest, error: string): AuditTarget {
  const params = Object.entries(request.params as Record<string, string>).filter(([, id]) => isUuid(id));
  const { identityId, tokenId, ...details } = Object.fromEntries(params);
  return { identityId, tokenId, details: { ...details, error } };
}
