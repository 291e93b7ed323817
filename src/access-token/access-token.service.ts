import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { ServiceUnavailableError } from '../common/errors/app-error.js';
import type { RequestContext } from '../common/http/request-context.js';
import { isAllowed } from '../common/http/trusted-ip.js';
import { AppConfig } from '../config/app-config.js';
import type { Actor } from '../permission/actor.js';
import { NO_ACCESS } from '../permission/catalog.js';
import { PermissionSet } from '../permission/permission-set.js';
import type { AccessTokenClaims } from './access-token-claims.js';
import { AccessTokenRefusedError, AddressNotAllowedError } from './access-token-errors.js';
import type { ProvenToken } from './token-proof.service.js';
import { holdTokenState, readTokenState, type TokenState } from './token-state.js';

const SPEND_USE = `
  UPDATE access_token SET num_uses = num_uses + 1, last_used_at = $2
  WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2 AND num_uses < num_uses_limit
  RETURNING id`;

/**
 * The one path by which a token is found good, for bearers and for whoever else asks.
 * Its steps come after the proof: state, address, use. What refuses early costs no use.
 */
@Injectable()
export class AccessTokenService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /** Accepts a bearer's token for one request, or refuses it with the reason. A limited token loses a use. */
  async verify(token: ProvenToken, request: RequestContext): Promise<Actor> {
    const state = await this.currentState(token, request.now);
    checkAddress(state, request);
    if (state.numUsesLimit > 0) await this.spendUse(state, request.now);
    return actorOf(token.kid, state, request);
  }

  /** The same without spending a use; a token that has none left is refused all the same. */
  async verifyWithoutUse(token: ProvenToken, request: RequestContext): Promise<Actor> {
    const state = await this.currentState(token, request.now);
    checkAddress(state, request);
    checkUsesLeft(state);
    return actorOf(token.kid, state, request);
  }

  /**
   * Judges the caller again inside a transaction that is to change something, and holds what the judgement rests on:
   * what was revoked since the request was let in changes nothing.
   */
  async hold(tx: EntityManager, actor: Actor): Promise<Actor> {
    return actorOf(actor.kid, await this.holdState(tx, actor), actor.request);
  }

  /** The same, for those who need to know what was found. */
  async holdState(tx: EntityManager, { tokenId, kid, request }: Actor): Promise<TokenState> {
    return judged(await holdTokenState(tx, tokenId, kid), request);
  }

  /** Judges a caller again from PostgreSQL as it is now; costs no use. */
  async judgeAgain({ tokenId, kid, request }: Actor): Promise<Actor> {
    const state = judged(await readTokenState(this.dataSource.manager, tokenId, kid), request);
    return actorOf(kid, state, request);
  }

  /** The state of a proven token, asked of PostgreSQL each time, no older than the service promises. */
  private async currentState({ claims, kid }: ProvenToken, now: Date): Promise<TokenState> {
    if (claims.exp * 1000 <= now.getTime()) throw new AccessTokenRefusedError('expired');
    let state = await this.freshState(claims.jti, kid);
    if (state === undefined) state = await this.freshState(claims.jti, kid);
    if (state === undefined) {
      throw new ServiceUnavailableError("The state of the access token can't be known right now");
    }
    if (state === null) throw new AccessTokenRefusedError('unknown');
    checkClaims(claims, state);
    checkState(state, now);
    return state;
  }

  /** Null when there is no such token; undefined when the answer took so long that it says nothing about now. */
  private async freshState(tokenId: string, kid: string): Promise<TokenState | null | undefined> {
    const askedAt = this.clock.monotonic();
    const state = await readTokenState(this.dataSource.manager, tokenId, kid);
    if (state) this.clock.observe(state.databaseTime, askedAt);
    return this.clock.monotonic() - askedAt <= this.config.REVOCATION_MAX_STALENESS ? state : undefined;
  }

  /** One statement decides: of two requests at once, one takes the last use. */
  private async spendUse(state: TokenState, now: Date): Promise<void> {
    checkUsesLeft(state);
    const [rows]: [{ id: string }[], number] = await this.dataSource.manager.query(SPEND_USE, [state.tokenId, now]);
    if (rows.length !== 1) throw new AccessTokenRefusedError('used-up');
  }
}

/** Claims are copies: where they differ from the row, the row is right and the token is not. */
export function checkClaims(claims: AccessTokenClaims, state: TokenState): void {
  const isSame =
    claims.sub === state.identityId && claims.orgId === state.organizationId && claims.jti === state.tokenId;
  if (!isSame) throw new AccessTokenRefusedError('bad-claims');
}

function judged(state: TokenState | null, request: RequestContext): TokenState {
  if (!state) throw new AccessTokenRefusedError('unknown');
  checkState(state, request.now);
  checkAddress(state, request);
  return state;
}

function checkState(state: TokenState, now: Date): void {
  if (state.isRevoked) throw new AccessTokenRefusedError('revoked');
  if (state.expiresAt <= now) throw new AccessTokenRefusedError('expired');
  if (!state.isMember) throw new AccessTokenRefusedError('not-a-member');
}

function checkAddress(state: TokenState, { address }: RequestContext): void {
  if (!isAllowed(state.trustedIps ?? [], address)) throw new AddressNotAllowedError(address, state);
}

/** A count that is at its limit; the statement that spends decides, this only saves asking it. */
function checkUsesLeft({ numUses, numUsesLimit }: TokenState): void {
  if (numUsesLimit > 0 && numUses >= numUsesLimit) throw new AccessTokenRefusedError('used-up');
}

function actorOf(kid: string, state: TokenState, request: RequestContext): Actor {
  return {
    identityId: state.identityId,
    tokenId: state.tokenId,
    kid,
    organizationId: state.organizationId,
    rootOrganizationId: state.rootOrganizationId,
    permissions: PermissionSet.of({ role: state.role ?? NO_ACCESS, permissions: state.permissions }),
    request,
  };
}
