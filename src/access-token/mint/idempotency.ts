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

/**
 * Loads the token that the key stands for, if it is still good and the body is the same. Returns null when nothing is
 * stored. `attempt` is the record that this request would have stored.
 *
 * A write to the tables must not decide what gets signed. So the stored claims are not used: the caller derives them from
 * its own decision and from this row, which has to be a token of the identity and the organization that the decision
 * is about, created by the same caller.
 */
export async function findEarlierMint(tx: EntityManager, attempt: IdempotencyKey): Promise<AccessToken | null> {
  const { callerIdentityId, key, targetIdentityId, organizationId } = attempt;
  const kept = await tx.findOneBy(IdempotencyKey, { callerIdentityId, key, targetIdentityId, organizationId });
  if (!kept) return null;
  if (!kept.bodyDigest.equals(attempt.bodyDigest)) {
    throw new BadRequestError('The Idempotency-Key was used before with another body');
  }
  const identityId = targetIdentityId;
  const mintedBy = callerIdentityId;
  const row = await tx.findOneBy(AccessToken, { id: kept.tokenId, identityId, organizationId, mintedBy });
  if (!row) throw new NoLongerGoodError();
  return row;
}

/** Throws unless the token still holds, and was created no later than now. */
export async function assertStillGood(
  tx: EntityManager,
  { id, kid, createdAt }: AccessToken,
  claims: AccessTokenClaims,
  now: Date,
): Promise<void> {
  const state = await readTokenState(tx, id, kid);
  const isGood = state !== null && !state.isRevoked && !hasExpired(claims, now) && hasUsesLeft(state);
  if (!isGood || createdAt > now) throw new NoLongerGoodError();
}

class NoLongerGoodError extends BadRequestError {
  constructor() {
    super('The token that the Idempotency-Key stands for is no longer good');
  }
}
