import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditEvents } from '../audit-event/audit-events.service.js';
import { ServiceUnavailableError } from '../common/errors/app-error.js';
import type { RequestContext } from '../common/http/request-context.js';
import { type Prepared, runPrepared } from '../database/prepared.js';
import type { AccessTokenClaims } from './access-token-claims.js';
import { AccessTokenRefusedError } from './access-token-errors.js';
import { AccessTokenService, type Admission } from './access-token.service.js';
import { CallerTransactions } from './caller-transactions.service.js';
import { payloadOf, readCompact } from './compact-jws.js';
import { holdIfActive } from './signing-key/key-hold.js';
import type { ActiveKey } from './signing-key/signing-keys.service.js';
import { TokenIssuer, wholeSeconds } from './mint/token-issuer.service.js';
import { lifetimeAtRenewal } from './token-lifetime.js';
import { TokenProof } from './token-proof.service.js';
import { type HeldState, lockToken } from './token-hold.js';

/** A token with a new end. Its id stays; the old text stays good to its own end. */
export interface RenewedToken {
  text: string;
  /** Seconds: `exp` − `iat` of the new text. */
  expiresIn: number;
  maxTtl: number;
}

/** A renewal that is written, and has yet to be signed. */
interface Extension {
  state: HeldState;
  /** Seconds since 1970. */
  iat: number;
  expiresIn: number;
}

const EXTEND: Prepared = {
  name: 'extend_token',
  text: `UPDATE access_token SET expires_at = $2, kid = $3, last_renewed_at = $4, updated_at = $4 WHERE id = $1`,
};

const ATTEMPTS = 2;

/** Gives a token more time, never beyond its max TTL counted from the first issue. Costs no use. */
@Injectable()
export class TokenRenewal {
  constructor(
    private readonly transactions: CallerTransactions,
    private readonly proof: TokenProof,
    private readonly accessTokens: AccessTokenService,
    private readonly issuer: TokenIssuer,
    private readonly auditEvents: AuditEvents,
  ) {}

  /**
   * Proves the token by its text and extends it. Refuses with 401 what a bearer would be refused for, and where less than a
   * second is left of its max TTL; 503 when the signing keys change too fast. `admit` throws where a rate limit is exceeded.
   */
  async renew(text: string, request: RequestContext, admit: Admission): Promise<RenewedToken> {
    const token = await this.proof.prove(text);
    const actor = await this.accessTokens.verifyWithoutUse(token, request, admit);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const key = this.issuer.activeKey();
      const held = await this.transactions.changeShared(actor, actor.rootOrganizationId, async (tx) => {
        await lockToken(tx, { id: actor.tokenId, organizationId: actor.organizationId });
        const state = await this.accessTokens.holdState(tx, actor);
        assertSameToken(text, state);
        if (!(await holdIfActive(tx, key))) return null;
        return this.extend(tx, state, key, request);
      });
      if (held) return this.answer(held, key);
      await this.issuer.refreshKeys();
    }
    throw new ServiceUnavailableError('The signing keys change too fast; nothing was renewed');
  }

  private answer({ state, iat, expiresIn }: Extension, key: ActiveKey): RenewedToken {
    const content = { ...state, trustedIps: state.trustedIps ?? [], iat, exp: iat + expiresIn };
    return { text: this.issuer.sign(content, key), expiresIn, maxTtl: state.maxTtl };
  }

  private async extend(
    tx: EntityManager,
    state: HeldState,
    key: ActiveKey,
    request: RequestContext,
  ): Promise<Extension> {
    const { now } = request;
    const iat = wholeSeconds(now);
    const secondsSinceIssue = now.getTime() / 1000 - wholeSeconds(state.createdAt);
    const expiresIn = lifetimeAtRenewal(state, this.issuer.maxAge, secondsSinceIssue);
    if (expiresIn < 1) throw new AccessTokenRefusedError('outlived');
    const expiresAt = new Date(Math.max(state.expiresAt.getTime(), (iat + expiresIn) * 1000));
    await runPrepared(tx, EXTEND, [state.tokenId, expiresAt, key.kid, now]);
    const { identityId, tokenId, organizationId } = state;
    await this.auditEvents.record(tx, { identityId, tokenId, organizationId, request }, 'renew-identity-access-token', {
      identityId,
      tokenId,
    });
    return { state, iat, expiresIn };
  }
}

/**
 * Throws unless the row says what the presented token's claims say. The renewed token is signed from the row, and a write
 * to the tables must not make it say more than the token that was presented.
 */
function assertSameToken(text: string, state: HeldState): void {
  const jws = readCompact(text);
  const claims = (jws && payloadOf(jws)) as AccessTokenClaims;
  const isSame =
    claims.jti === state.tokenId &&
    claims.sub === state.identityId &&
    claims.orgId === state.organizationId &&
    claims.rootOrgId === state.rootOrganizationId &&
    claims.parentOrgId === state.parentOrganizationId &&
    claims.epoch === state.epoch &&
    (claims.numUsesLimit ?? 0) === state.numUsesLimit;
  if (!isSame) throw new AccessTokenRefusedError('bad-claims');
}
