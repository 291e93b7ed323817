import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuditActor } from '../../audit-event/audit-events.service.js';
import { RefusalLog } from '../../audit-event/refusal-log.service.js';
import type { ErrorName } from '../../common/errors/app-error.js';
import type { Actor } from '../../permission/actor.js';
import { AccessTokenRefusedError, AddressNotAllowedError } from '../access-token-errors.js';
import { AccessTokenService } from '../access-token.service.js';
import { Authority } from '../authority.service.js';
import { OptionalBearer } from '../optional-bearer.service.js';
import type { ProvenToken } from '../proven-token.js';
import { SelfRevocation } from '../self-revocation.service.js';

type BearerRequest = FastifyRequest & { user?: Actor };

/**
 * Revokes a renewed token whose expired JWT was sent. An expired JWT is no credential, so the caller needs a bearer token
 * with the permission that revoking by id needs.
 */
@Injectable()
export class ExpiredTokenRevocation {
  constructor(
    private readonly bearers: OptionalBearer,
    private readonly accessTokens: AccessTokenService,
    private readonly authority: Authority,
    private readonly selfRevocation: SelfRevocation,
    private readonly denials: RefusalLog,
  ) {}

  async revoke(token: ProvenToken, bearer: string, request: BearerRequest, reply: FastifyReply): Promise<void> {
    try {
      await this.revokeAs(await this.bearers.authenticate(bearer, request, reply), token);
    } catch (error) {
      await this.recordDenial(error, token, request);
      throw error;
    }
  }

  private async revokeAs(caller: Actor, token: ProvenToken): Promise<void> {
    await this.authority.changeToken(caller, token.claims.jti, async (tx, actor, isReachable) => {
      if (!isReachable) throw await this.denied(caller, 'foreign');
      if (!actor.permissions.has('identity', 'delete-token')) throw await this.denied(caller, 'not-permitted');
      await this.selfRevocation.end(tx, token, caller.request, actor);
    });
  }

  /** A former primary may not know of a permission that was granted since, so it must not deny. */
  private async denied(caller: Actor, reason: 'foreign' | 'not-permitted'): Promise<AccessTokenRefusedError> {
    await this.accessTokens.confirm(caller);
    return new AccessTokenRefusedError(reason);
  }

  /** Audits what would be a 403 on other routes. The response here is 200 (RFC 7009), so the interceptor sees no error. */
  private async recordDenial(error: unknown, { claims }: ProvenToken, { user, context }: BearerRequest): Promise<void> {
    const name = errorNameOf(error);
    const bearer = error instanceof AddressNotAllowedError ? error.bearer : user;
    if (!name || !bearer) return;
    const { identityId, tokenId, organizationId } = bearer;
    const actor: AuditActor = { identityId, tokenId, organizationId, request: context };
    const isReachable = claims.orgId === organizationId || name === 'PermissionDenied';
    const target = isReachable ? { identityId: claims.sub, tokenId: claims.jti } : {};
    await this.denials.record(actor, 'revoke-identity-access-token', { ...target, details: { error: name } });
  }
}

/** The name of the 403 that a denial would have on other routes. */
function errorNameOf(error: unknown): ErrorName | null {
  if (error instanceof AddressNotAllowedError) return error.name;
  if (!(error instanceof AccessTokenRefusedError)) return null;
  if (error.reason === 'not-permitted') return 'PermissionDenied';
  return error.reason === 'foreign' ? 'ForbiddenError' : null;
}
