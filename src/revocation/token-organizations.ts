import type { EntityManager } from 'typeorm';

/** Maximum number of organizations that an entry stores. Followers below the root get an entry that concerns more. */
const MAX_ORGANIZATIONS = 100;

/** Looks up one index entry per organization, however many tokens the identity has in it. */
const READ = `
  WITH RECURSIVE used AS (
    (SELECT organization_id AS id FROM access_token WHERE identity_id = $1 ORDER BY organization_id LIMIT 1)
    UNION ALL
    SELECT (SELECT organization_id FROM access_token WHERE identity_id = $1 AND organization_id > used.id
      ORDER BY organization_id LIMIT 1)
    FROM used WHERE used.id IS NOT NULL)
  SELECT id FROM used WHERE id IS NOT NULL LIMIT ${MAX_ORGANIZATIONS + 1}`;

/**
 * Returns the organizations in which an identity has tokens, or null if they are too many. Call it after the transaction
 * has locked the row that mints for the identity share: then no token that a revocation ends is missing.
 */
export async function readTokenOrganizations(tx: EntityManager, identityId: string): Promise<string[] | null> {
  const rows: { id: string }[] = await tx.query(READ, [identityId]);
  return rows.length > MAX_ORGANIZATIONS ? null : rows.map(({ id }) => id);
}
