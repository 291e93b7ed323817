import { type CallHandler, type ExecutionContext, HttpStatus, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { AppError, STATUS_OF } from '../common/errors/app-error.js';
import { beforeFailure } from '../common/http/before-failure.js';
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
    return beforeFailure(next, (error) => this.note(context, error));
  }

  /** Writes a refusal of a change to a known caller; anything else is no refusal, and reading is not told. */
  async note(context: ExecutionContext, error: unknown): Promise<void> {
    const event = this.reflector.get(Audited, context.getHandler());
    if (!event || !(error instanceof AppError) || STATUS_OF[error.name] !== HttpStatus.FORBIDDEN) return;
    const request = context.switchToHttp().getRequest<FastifyRequest & { user?: AuditActor }>();
    const { bearer } = error as { bearer?: Bearer };
    const actor = request.user ?? (bearer && { ...bearer, request: request.context });
    if (actor) await this.refusals.record(actor, event, targetOf(request, error.name, bearer));
  }
}

/** Whose token was refused before it became an actor. */
type Bearer = Pick<AuditActor, 'identityId' | 'tokenId' | 'organizationId'>;

/** What the path names; where it names nothing, the bearer itself. An id that is none is a caller's text, and not kept. */
function targetOf(request: FastifyRequest, error: string, bearer?: Bearer): AuditTarget {
  const params = Object.entries((request.params ?? {}) as Record<string, string>);
  if (params.length === 0 && bearer) {
    return { identityId: bearer.identityId ?? undefined, tokenId: bearer.tokenId ?? undefined, details: { error } };
  }
  const { identityId, tokenId, ...details } = Object.fromEntries(params.filter(([, id]) => isUuid(id)));
  return { identityId, tokenId, details: { ...details, error } };
}
