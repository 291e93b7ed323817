import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { allowsEveryAddress, type TrustedIp } from '../common/http/trusted-ip.js';
import { newId } from '../common/random-id.js';
import { AppConfig } from '../config/app-config.js';
import type { AccessToken } from '../database/entities/access-token.entity.js';
import { type AccessTokenClaims, AUTH_TOKEN_TYPE, TOKEN_AUTH } from './access-token-claims.js';
import { type ActiveKey, SigningKeys } from './signing-keys.service.js';
import { lifetimeAtMint } from './token-lifetime.js';

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

/** A signed token, and the row that makes it good. Until the row is written, the text is worth nothing. */
export interface IssuedToken {
  /** The token's text: returned once, stored nowhere. */
  text: string;
  row: AccessToken;
  /** Seconds: `exp` − `iat`. */
  expiresIn: number;
  isInSubOrganization: boolean;
}

/** Composes and signs access tokens (RFC 9068). Writing the row is the caller's part. */
@Injectable()
export class TokenIssuer {
  constructor(
    private readonly keys: SigningKeys,
    private readonly jwt: JwtService,
    private readonly config: AppConfig,
  ) {}

  /** The key that a token issued now is signed by. */
  activeKey(): ActiveKey {
    return this.keys.active();
  }

  /** Reads the keys anew, when a statement found that the active one no longer is. */
  async refreshKeys(): Promise<void> {
    await this.keys.load();
  }

  issue(request: TokenRequest): IssuedToken {
    const { limits, now } = request;
    const expiresIn = lifetimeAtMint(limits, this.config.ACCESS_TOKEN_MAX_AGE);
    const iat = Math.floor(now.getTime() / 1000);
    const row = rowOf(request, new Date((iat + expiresIn) * 1000));
    return {
      text: this.sign(request, row, iat),
      row,
      expiresIn,
      isInSubOrganization: request.holder.parentOrganizationId !== null,
    };
  }

  private sign({ holder, limits, key, epoch }: TokenRequest, row: AccessToken, iat: number): string {
    const { identityId } = holder;
    const claims: AccessTokenClaims = {
      iss: this.config.issuer,
      aud: this.config.audience,
      sub: identityId,
      client_id: identityId,
      jti: row.id,
      iat,
      exp: row.expiresAt.getTime() / 1000,
      identityId,
      identityAccessTokenId: row.id,
      authTokenType: AUTH_TOKEN_TYPE,
      authMethod: TOKEN_AUTH,
      orgId: holder.organizationId,
      rootOrgId: holder.rootOrganizationId,
      parentOrgId: holder.parentOrganizationId,
      epoch,
      ...(limits.numUsesLimit > 0 ? { numUsesLimit: limits.numUsesLimit } : {}),
      ...(limits.numUsesLimit > 0 || !allowsEveryAddress(limits.trustedIps) ? { online: true } : {}),
    };
    const { algorithm, kid, privateKey } = key;
    return this.jwt.sign(claims, { algorithm, privateKey, header: { alg: algorithm, typ: 'at+jwt', kid } });
  }
}

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
