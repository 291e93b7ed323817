import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditEvents } from '../audit-event/audit-events.service.js';
import type { RequestContext } from '../common/http/request-context.js';
import type { Actor } from '../permission/actor.js';
import { RevocationLog } from '../revocation/revocation-log.service.js';
import { RevocationReader } from '../revocation/revocation-reader.service.js';
import { AccessTokenRefusedError, type DenialReason } from './access-token-errors.js';
import { CallerTransactions } from './caller-transactions.service.js';
import { matches } from './token-judgement.js';
import { hasExpired } from './token-lifetime.js';
import type { ProvenToken } from './proven-token.js';
import { TokenProof } from './token-proof.service.js';
import { lockToken } from './token-hold.js';
import { readTokenState } from './token-read.js';

/**
 * Ends a token for whoever holds its text: possession suffices, so that whoever finds a leaked token can kill it.
 * Neither address nor membership nor uses are asked for.
 */
@Injectable()
export class SelfRevocation {
  constructor(
    private readonly transactions: CallerTransactions,
    private readonly proof: TokenProof,
    private readonly reader: RevocationReader,
    private readonly revocations: RevocationLog,
    private readonly auditEvents: AuditEvents,
  ) {}

  /** Ends the token of a text. Refuses with 401 what was not signed here, has expired, or is dead already. */
  async revoke(text: string, request: RequestContext): Promise<void> {
    this.reader.checkTrust();
    const token = await this.proof.prove(text);
    if (hasExpired(token.claims, request.now)) throw new AccessTokenRefusedError('expired');
    const { jti: id, sub: identityId, orgId: organizationId, rootOrgId } = token.claims;
    await this.transactions.changeShared({ identityId, organizationId }, rootOrgId, async (tx) => {
      await lockToken(tx, { id, organizationId });
      await this.end(tx, token, request);
    });
  }

  /** Ends a token whose row the transaction has locked; without a caller, whoever holds the text acts as its owner. */
  async end(tx: EntityManager, { claims, kid }: ProvenToken, request: RequestContext, caller?: Actor): Promise<void> {
    const state = await readTokenState(tx, claims.jti, kid);
    if (!state) return this.refuseDead(tx, 'unknown');
    if (!matches(claims, state)) throw new AccessTokenRefusedError('bad-claims');
    if (state.isRevoked) return this.refuseDead(tx, 'revoked');
    const { tokenId, identityId, organizationId } = state;
    await this.revocations.revokeToken(tx, state, caller ? 'revoked' : 'self-revoked', request.now);
    const actor = caller ?? { identityId, tokenId, organizationId, request };
    const target = { identityId, tokenId, organizationId };
    await this.auditEvents.recordTokenChange(tx, actor, 'revoke-identity-access-token', target);
  }

  /**
   * Whoever is told that there is nothing to end takes the token for dead. A server that was deposed does not know
   * what has happened since: only one that can still commit may say so, and the connection is gone if that was another.
   */
  private async refuseDead(tx: EntityManager, reason: DenialReason): Promise<never> {
    await this.reader.read();
    await tx.query('SELECT');
    throw new AccessTokenRefusedError(reason);
  }
}
