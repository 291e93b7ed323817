import type { EntityManager } from 'typeorm';

/** How many of the tokens that live longest are looked at. */
const LOOKED_AT = 1000;

/**
 * Of the tokens that live longest, the last end of one that the key signed. Are all of them others', the shortest of
 * these lives still bounds the rest.
 */
const LATEST_END = `
  SELECT coalesce(max(expires_at) FILTER (WHERE kid = $1), CASE WHEN count(*) = $2 THEN min(expires_at) END) AS latest
  FROM (SELECT kid, expires_at FROM access_token ORDER BY expires_at DESC LIMIT $2) longest`;

/**
 * A time by which all that the key signed has expired, for a key that is just ceasing to sign, in a transaction that
 * keeps others from signing. It costs the same however many tokens there are.
 *
 * Whoever signs holds the key, active, until a row is committed that names it and whose `expires_at` is no earlier
 * than the text's `exp`. A row names another key only once another is active, so now every token with a text by this
 * key still names it, and `expires_at` never goes back. From now on this can't be told from the rows: a renewal, or a
 * repeated request with an idempotency key, lets the row name the newer key while the older text lives on.
 */
export async function latestEndOf(tx: EntityManager, kid: string, now: Date): Promise<Date> {
  const [row]: { latest: Date | null }[] = await tx.query(LATEST_END, [kid, LOOKED_AT]);
  return row?.latest && row.latest > now ? row.latest : now;
}
