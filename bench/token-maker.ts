import { createPublicKey } from 'node:crypto';
import { AUTH_TOKEN_TYPE, TOKEN_AUTH, type AccessTokenClaims } from '../src/access-token/access-token-claims.js';
import { signCompact } from '../src/access-token/compact-jws.js';
import { KeySealer } from '../src/access-token/signing-key/key-sealer.js';
import type { ActiveKey, KeyAlgorithm } from '../src/access-token/signing-key/key-material.js';
import { newId } from '../src/common/random-id.js';
import type { PublicJwk } from '../src/database/entities/signing-key.entity.js';
import type { BenchDatabase } from './database.js';
import { ISSUER } from './service.js';

/** Where a token works and for whom. */
export interface Holder {
  identityId: string;
  organizationId: string;
  rootOrganizationId: string;
  parentOrganizationId: string | null;
}

export interface MadeToken {
  id: string;
  text: string;
}

interface TokenKind {
  /** 0: none. */
  numUsesLimit?: number;
  isRevoked?: boolean;
}

const LIFETIME = 86_400;
const ROWS_AT_ONCE = 5000;

const INSERT = `
  INSERT INTO access_token (id, identity_id, organization_id, kid, auth_method, name, ttl, max_ttl, num_uses_limit,
    num_uses, epoch, expires_at, revoked_at, revoked_reason, created_at, updated_at)
  SELECT t.id, t.identity_id, t.organization_id, $4, '${TOKEN_AUTH}', 'bench', ${LIFETIME}, 0, $5,
    0, 0, to_timestamp($6), CASE WHEN $7 THEN now() END, CASE WHEN $7 THEN 'revoked' END, now(), now()
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS t(id, identity_id, organization_id)`;

/** Holders of so many tokens: the same ones over and over. */
export const spread = <H extends Holder>(holders: readonly H[], count: number): H[] =>
  Array.from({ length: Math.ceil(count / holders.length) }, () => holders)
    .flat()
    .slice(0, count);

/** Makes tokens in bulk as the service would: rows straight into the table, texts signed by the service's own key. */
export class TokenMaker {
  private constructor(
    private readonly database: BenchDatabase,
    private readonly key: ActiveKey,
  ) {}

  /** Opens the active key of a service that has started on the database. */
  static async open(database: BenchDatabase, keyEncryptionKey: Buffer): Promise<TokenMaker> {
    const [row] = await database.query<{ kid: string; algorithm: KeyAlgorithm; jwk: PublicJwk; sealed: Buffer }>(
      `SELECT kid, algorithm, public_jwk AS jwk, sealed_private_key AS sealed FROM signing_key WHERE state = 'active'`,
    );
    if (!row) throw new Error('The service has no active signing key');
    const { kid, algorithm, sealed } = row;
    const publicKey = createPublicKey({ key: { ...row.jwk }, format: 'jwk' });
    const privateKey = new KeySealer([keyEncryptionKey]).unseal(sealed, { kid, algorithm }, publicKey);
    return new TokenMaker(database, { kid, algorithm, publicKey, privateKey });
  }

  /** One token for each holder. */
  async make(
    holders: readonly Holder[],
    { numUsesLimit = 0, isRevoked = false }: TokenKind = {},
  ): Promise<MadeToken[]> {
    const iat = Math.floor(Date.now() / 1000) - 1;
    const exp = iat + LIFETIME;
    const ids = holders.map(() => newId());
    for (let from = 0; from < ids.length; from += ROWS_AT_ONCE) {
      const batch = holders.slice(from, from + ROWS_AT_ONCE);
      await this.database.query(INSERT, [
        ids.slice(from, from + ROWS_AT_ONCE),
        batch.map(({ identityId }) => identityId),
        batch.map(({ organizationId }) => organizationId),
        this.key.kid,
        numUsesLimit,
        exp,
        isRevoked,
      ]);
    }
    return holders.map((holder, index) => {
      const id = ids[index] ?? '';
      return { id, text: this.textOf(id, holder, { iat, exp, numUsesLimit }) };
    });
  }

  /** The text of a token whose row is there. */
  textOf(id: string, holder: Holder, term: { iat: number; exp: number; numUsesLimit?: number }): string {
    return signCompact(claimsOf(id, holder, term), this.key);
  }
}

function claimsOf(
  id: string,
  { identityId, organizationId, rootOrganizationId, parentOrganizationId }: Holder,
  { iat, exp, numUsesLimit = 0 }: { iat: number; exp: number; numUsesLimit?: number },
): AccessTokenClaims {
  return {
    iss: ISSUER,
    aud: ISSUER,
    sub: identityId,
    client_id: identityId,
    jti: id,
    iat,
    exp,
    identityId,
    identityAccessTokenId: id,
    authTokenType: AUTH_TOKEN_TYPE,
    authMethod: TOKEN_AUTH,
    orgId: organizationId,
    rootOrgId: rootOrganizationId,
    parentOrgId: parentOrganizationId,
    epoch: 0,
    ...(numUsesLimit > 0 ? { numUsesLimit, online: true } : {}),
  };
}
