import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ServiceUnavailableError } from '../../common/errors/app-error.js';
import { allowsEveryAddress, type TrustedIp } from '../../common/http/trusted-ip.js';
import { newId } from '../../common/random-id.js';
import { AppConfig } from '../../config/app-config.js';
import type { AccessToken } from '../../database/entities/access-token.entity.js';
import { type AccessTokenClaims, AUTH_TOKEN_TYPE, TOKEN_AUTH } from '../access-token-claims.js';
import { AccessTokenMetrics } from '../access-token-metrics.js';
import { signCompact } from '../compact-jws.js';
import { holdIfActive } from '../signing-key/key-hold.js';
import { type ActiveKey, SigningKeys } from '../signing-key/signing-keys.service.js';
import { lifetimeAtMint } from '../token-lifetime.js';

/** Where a token is to work and for whom. */
export interface TokenHolder {
  identityId: string;
  organizationId: string;
  rootOrganizationId: string;
  /** Null on a root organization. */
  parentOrganizationId: string | null;
}

/** What the identity's configuration says of its tokens. */
export interface TokenLimits {
  ttl: number;
  maxTtl: number;
  numUsesLimit: number;
  trustedIps: TrustedIp[];
}

export interface TokenRequest {
  holder: TokenHolder;
  limits: TokenLimits;
  /** The highest epoch among the scopes that the token will lie in. */
  epoch: number;
  key: ActiveKey;
  name: string | null;
  mintedBy: string | null;
  now: Date;
}

/** A token that has yet to be signed, and the row that makes it good. */
export interface ComposedToken {
  row: AccessToken;
  /** What the text says. */
  claims: AccessTokenClaims;
  /** Seconds: `exp` − `iat`. */
  expiresIn: number;
  isInSubOrganization: boolean;
}

/** A signed token. Until its row is written, the text is worth nothing. */
export interface IssuedToken extends ComposedToken {
  /** The token's text: returned once, stored nowhere. */
  text: string;
}

/** What a token's text says. */
export interface TokenContent extends TokenHolder {
  tokenId: string;
  numUsesLimit: number;
  trustedIps: TrustedIp[];
  epoch: number;
  /** Seconds since 1970, as is `exp`. */
  iat: number;
  exp: number;
}

const ATTEMPTS = 2;

/** Composes and signs access tokens (RFC 9068). Writing the row is the caller's part. */
@Injectable()
export class TokenIssuer {
  constructor(
    private readonly keys: SigningKeys,
    private readonly config: AppConfig,
    private readonly metrics: AccessTokenMetrics,
  ) {}

  /** The key that a token issued now is signed by. */
  activeKey(): ActiveKey {
    return this.keys.active();
  }

  /** The key to sign by in a transaction that writes what is signed: it stays active until the transaction ends. */
  async holdActiveKey(tx: EntityManager): Promise<ActiveKey> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const key = this.keys.active();
      if (await holdIfActive(tx, key)) return key;
      await this.keys.load();
    }
    throw new ServiceUnavailableError('The signing keys change too fast; nothing was issued');
  }

  /** Reads the keys anew, when a statement found that the active one no longer is. */
  async refreshKeys(): Promise<void> {
    await this.keys.load();
  }

  /** Seconds; no token lives longer from one signature. */
  get maxAge(): number {
    return this.config.ACCESS_TOKEN_MAX_AGE;
  }

  /** Composes a token and signs it. */
  issue(request: TokenRequest): IssuedToken {
    const composed = this.compose(request);
    return { ...composed, text: this.signClaims(composed.claims, request.key) };
  }

  /** Puts together what a token says and its row. Its text is yet to be signed, by the request's key. */
  compose(request: TokenRequest): ComposedToken {
    const { holder, limits, epoch, now } = request;
    const { trustedIps, numUsesLimit } = limits;
    const expiresIn = lifetimeAtMint(limits, this.maxAge);
    const iat = wholeSeconds(now);
    const exp = iat + expiresIn;
    const row = rowOf(request, new Date(exp * 1000));
    const claims = this.claimsOf({ ...holder, tokenId: row.id, trustedIps, numUsesLimit, epoch, iat, exp });
    return { row, claims, expiresIn, isInSubOrganization: holder.parentOrganizationId !== null };
  }

  /**
   * Derives the claims of a token that was minted before: the holder and the addresses come from a new decision about the
   * same mint, the id, the times and the limits from the token's row.
   */
  claimsOfEarlier(row: AccessToken, { holder, limits }: Pick<TokenRequest, 'holder' | 'limits'>): AccessTokenClaims {
    const iat = wholeSeconds(row.createdAt);
    const exp = iat + lifetimeAtMint(row, this.maxAge);
    const { id: tokenId, numUsesLimit, epoch } = row;
    return this.claimsOf({ ...holder, tokenId, trustedIps: limits.trustedIps, numUsesLimit, epoch, iat, exp });
  }

  /** Takes note that a token which was issued has been written, and is good from now on. */
  noteWritten(): void {
    this.metrics.minted.inc();
  }

  /** The text of a token: its claims, signed. */
  sign(content: TokenContent, key: ActiveKey): string {
    return this.signClaims(this.claimsOf(content), key);
  }

  /** The text of a token whose claims were fixed before. */
  signClaims(claims: AccessTokenClaims, key: ActiveKey): string {
    return signCompact(claims, key);
  }

  private claimsOf(content: TokenContent): AccessTokenClaims {
    const { identityId, tokenId, numUsesLimit, trustedIps, iat, exp, epoch } = content;
    return {
      iss: this.config.issuer,
      aud: this.config.audience,
      sub: identityId,
      client_id: identityId,
      jti: tokenId,
      iat,
      exp,
      identityId,
      identityAccessTokenId: tokenId,
      authTokenType: AUTH_TOKEN_TYPE,
      authMethod: TOKEN_AUTH,
      orgId: content.organizationId,
      rootOrgId: content.rootOrganizationId,
      parentOrgId: content.parentOrganizationId,
      epoch,
      ...(numUsesLimit > 0 ? { numUsesLimit } : {}),
      ...(numUsesLimit > 0 || !allowsEveryAddress(trustedIps) ? { online: true } : {}),
    };
  }
}

/** A time as tokens tell it (RFC 7519 NumericDate). */
export const wholeSeconds = (time: Date): number => Math.floor(time.getTime() / 1000);

function rowOf({ holder, limits, epoch, key, name, mintedBy, now }: TokenRequest, expiresAt: Date): AccessToken {
  return {
    id: newId(),
    identityId: holder.identityId,
    organizationId: holder.organizationId,
    kid: key.kid,
    authMethod: TOKEN_AUTH,
    name,
    ttl: limits.ttl,
    maxTtl: limits.maxTtl,
    numUsesLimit: limits.numUsesLimit,
    numUses: 0,
    epoch,
    lastUsedAt: null,
    lastRenewedAt: null,
    expiresAt,
    revokedAt: null,
    revokedReason: null,
    mintedBy,
    createdAt: now,
    updatedAt: now,
  };
}
