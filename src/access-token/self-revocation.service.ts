import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditEvents } from '../audit-event/audit-events.service.js';
import type { RequestContext } from '../common/http/request-context.js';
import { AccessToken } from '../database/entities/access-token.entity.js';
import { inTransaction } from '../database/transaction.js';
import { RevocationLog } from '../revocation/revocation-log.service.js';
import { RevocationReader } from '../revocation/revocation-reader.service.js';
import { AccessTokenRefusedError } from './access-token-errors.js';
import { checkClaims } from './access-token.service.js';
import { TokenProof } from './token-proof.service.js';
import { readTokenState } from './token-state.js';

/**
 * Ends a token for whoever holds its text: possession suffices, so that whoever finds a leaked token can kill it.
 * Neither address nor membership nor uses are asked for.
 */
@Injectable()
export class SelfRevocation {
  constructor(
    private readonly dataSource: DataSource,
    private readonly proof: TokenProof,
    private readonly reader: RevocationReader,
    private readonly revocations: RevocationLog,
    private readonly auditEvents: AuditEvents,
  ) {}

  async revoke(text: string, request: RequestContext): Promise<void> {
    this.reader.checkTrust();
    const { claims, kid } = await this.proof.prove(text);
    const { now } = request;
    if (claims.exp * 1000 <= now.getTime()) throw new AccessTokenRefusedError('expired');
    const tokenId = claims.jti;
    await inTransaction(this.dataSource, async (tx) => {
      await tx.query('SELECT id FROM access_token WHERE id = $1 FOR NO KEY UPDATE', [tokenId]);
      const state = await readTokenState(tx, tokenId, kid);
      if (!state) throw new AccessTokenRefusedError('unknown');
      checkClaims(claims, state);
      if (state.isRevoked) throw new AccessTokenRefusedError('revoked');
      const { identityId, organizationId } = state;
      await tx.update(AccessToken, { id: tokenId }, { revokedAt: now, revokedReason: 'self-revoked', updatedAt: now });
      await this.revocations.revokeToken(tx, tokenId, state.expiresAt, { organizationId, now });
      const actor = { identityId, tokenId, organizationId, request };
      await this.auditEvents.record(tx, actor, 'revoke-identity-access-token', { identityId, tokenId });
    });
  }
}
