import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { AppError, type ErrorName } from '../common/errors/app-error.js';
import { beforeFailure } from '../common/http/before-failure.js';
import type { Actor } from '../permission/actor.js';
import { RevocationReader } from '../revocation/revocation-reader.service.js';

/** Refusals that rest on what the database says. */
const FROM_DATABASE = new Set<ErrorName>([
  'BadRequest',
  'UnauthorizedError',
  'PermissionDenied',
  'PermissionBoundaryError',
  'ForbiddenError',
  'NotFound',
]);

/**
 * Tells a caller only what is still so. Who is told that a token isn't there takes it for dead, and it may have been
 * minted on a server that took over from the one that was asked.
 */
@Injectable()
export class ConfirmedRefusalInterceptor implements NestInterceptor {
  constructor(private readonly reader: RevocationReader) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return beforeFailure(next, (error) => this.confirm(context, error));
  }

  /** Fails where a known caller would be refused by a database server that may have been deposed. */
  async confirm(context: ExecutionContext, error: unknown): Promise<void> {
    if (!(error instanceof AppError) || !FROM_DATABASE.has(error.name)) return;
    const { user } = context.switchToHttp().getRequest<FastifyRequest & { user?: Actor }>();
    if (user) await this.reader.confirm(user.timeline);
  }
}
