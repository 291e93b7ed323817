import { hash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { BadRequestError } from '../../common/errors/app-error.js';
import { AccessToken } from '../../database/entities/access-token.entity.js';
import { IdempotencyKey } from '../../database/entities/idempotency-key.entity.js';
import type { AccessTokenClaims } from '../access-token-claims.js';
import type { ComposedToken } from './token-issuer.service.js';
import { hasUsesLeft } from '../token-judgement.js';
import { hasExpired } from '../token-lifetime.js';
import { readTokenState } from '../token-read.js';

/** How long a repeated request finds its first answer, in milliseconds. */
const KEPT_MS = 86_400_000;

/** A request that may come again, and is then to give the same token. */
export interface RepeatableRequest {
  /** The caller's `Idempotency-Key`. */
  key: string;
  /** Tells one body from another. */
  bodyDigest: Buffer;
}

/** A digest of a body's validated fields, in an order that the caller of this fixes. */
export const digestOf = (fields: readonly (string | null)[]): Buffer =>
  hash('sha256', JSON.stringify(fields), 'buffer');

/** What is kept of a mint, so that its repetition gives the same. */
export function keptOf(
  { key, bodyDigest }: RepeatableRequest,
  callerIdentityId: string,
  { row, claims }: ComposedToken,
): IdempotencyKey {
  return {
    callerIdentityId,
    key,
    targetIdentityId: row.identityId,
    organizationId: row.organizationId,
    tokenId: row.id,
    bodyDigest,
    claims,
    expiresAt: new Date(row.createdAt.getTime() + KEPT_MS),
  };
}

/** What an earlier request with the key gave. */
export interface EarlierMint {
  row: AccessToken;
  claims: AccessTokenClaims;
}

/**
 * The token that the key stands for, if it is still good and the body is the same. Null when nothing is kept.
 * `attempt` is what this request would have kept.
 */
export async function findEarlierMint(
  tx: EntityManager,
  attempt: IdempotencyKey,
  now: Date,
): Promise<EarlierMint | null> {
  const { callerIdentityId, key, targetIdentityId, organizationId } = attempt;
  const kept = await tx.findOneBy(IdempotencyKey, { callerIdentityId, key, targetIdentityId, organizationId });
  if (!kept) return null;
  if (!kept.bodyDigest.equals(attempt.bodyDigest)) {
    throw new BadRequestError('The Idempotency-Key was used before with another body');
  }
  const row = await tx.findOneBy(AccessToken, { id: kept.tokenId });
  const claims = kept.claims as AccessTokenClaims;
  if (!row || !(await isGood(tx, row, claims, now))) {
    throw new BadRequestError('The token that the Idempotency-Key stands for is no longer good');
  }
  return { row, claims };
}

async function isGood(tx: EntityManager, { id, kid }: AccessToken, claims: AccessTokenClaims, now: Date) {
  const state = await readTokenState(tx, id, kid);
  return state !== null && !state.isRevoked && !hasExpired(claims, now) && hasUsesLeft(state);
}
