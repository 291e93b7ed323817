import type { EntityManager } from 'typeorm';
import { AccessTokenRefusedError } from '../access-token-errors.js';

const SPEND_USE = `
  UPDATE access_token SET num_uses = num_uses + 1, last_used_at = greatest(last_used_at, $2)
  WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2 AND num_uses < num_uses_limit
  RETURNING id`;

/**
 * Takes one of the uses that a limited token has left, or refuses it. One statement decides: of two requests at once, one
 * takes the last use.
 */
export async function spendUse(db: EntityManager, tokenId: string, now: Date): Promise<void> {
  const [rows]: [{ id: string }[], number] = await db.query(SPEND_USE, [tokenId, now]);
  if (rows.length !== 1) throw new AccessTokenRefusedError('used-up');
}
