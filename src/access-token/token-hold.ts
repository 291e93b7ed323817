import type { EntityManager } from 'typeorm';
import { type Prepared, runPrepared } from '../database/prepared.js';
import { TIMELINE } from '../revocation/log-read.js';
import { highestEpochOfTokenSql } from '../revocation/scope.js';
import type { TokenState } from './compact-state.js';
import { reachesTokenSql } from './token-reach.js';
import { IS_DEAD, IS_MEMBER } from './token-read.js';

const isRevoked = (kid: string): string => `(${IS_DEAD} OR coalesce(${highestEpochOfTokenSql(kid)} > t.epoch, false))`;

/**
 * Reads one token's state, and holds everything that it rests on until the transaction ends. Rows are locked in the order of
 * the list, which is that of every statement here: whoever changes an identity locks it before its membership and its
 * configuration. A role is locked where it is looked up, for PostgreSQL locks no outer join; nor does it look one up
 * again when the wait for a lock ends with another row, and then the role is the one that the membership had before.
 */
const HOLD: Prepared = {
  name: 'hold_token_state',
  text: `
  SELECT t.id AS "tokenId", t.identity_id AS "identityId", t.organization_id AS "organizationId",
    o.root_id AS "rootOrganizationId", o.parent_id AS "parentOrganizationId",
    t.ttl, t.max_ttl AS "maxTtl", t.num_uses_limit AS "numUsesLimit", t.num_uses AS "numUses",
    t.epoch::float8 AS epoch, t.created_at AS "createdAt", t.expires_at AS "expiresAt",
    ${isRevoked('$2')} AS "isRevoked", ${IS_MEMBER} AS "isMember", m.role, r.permissions,
    c.trusted_ips AS "trustedIps", ${TIMELINE} AS timeline, r.id IS DISTINCT FROM m.role_id AS "hasFormerRole"
  FROM access_token t
  JOIN instance n ON n.id = 1
  JOIN identity i ON i.id = t.identity_id
  JOIN organization o ON o.id = t.organization_id
  JOIN organization root ON root.id = o.root_id
  JOIN membership m ON m.organization_id = t.organization_id AND m.identity_id = t.identity_id
  LEFT JOIN LATERAL (SELECT id, permissions FROM role WHERE id = m.role_id FOR SHARE) r ON true
  JOIN token_auth_config c ON c.identity_id = t.identity_id
  JOIN signing_key k ON k.kid = $2
  WHERE t.id = $1
  FOR SHARE OF n, t, i, o, root, m, c, k`,
};

/** The state of a token that is held, with what a renewal goes by. */
export interface HeldState extends TokenState {
  parentOrganizationId: string | null;
  ttl: number;
  maxTtl: number;
  epoch: number;
  createdAt: Date;
}

/** A token's state, held until the transaction ends. Null also when its identity's membership or configuration is gone. */
export async function holdTokenState(tx: EntityManager, tokenId: string, kid: string): Promise<HeldState | null> {
  // `hasFormerRole`: the role was looked up before the membership's present row was there.
  const ask = (): Promise<(HeldState & { hasFormerRole: boolean })[]> => runPrepared(tx, HOLD, [tokenId, kid]);
  let [held] = await ask();
  // What is held by now stays, so the second answer is of one piece.
  if (held?.hasFormerRole) [held] = await ask();
  return held ?? null;
}

type LockStrength = 'FOR NO KEY UPDATE' | 'FOR SHARE';

/**
 * Locks a token's row until the transaction ends: to change it, unless it is only to stay as it is. A row of another
 * organization than the caller expects is left alone: nobody is to hold what isn't theirs.
 */
export async function lockToken(
  tx: EntityManager,
  { id, organizationId }: { id: string; organizationId: string },
  strength: LockStrength = 'FOR NO KEY UPDATE',
): Promise<void> {
  await tx.query(`SELECT id FROM access_token WHERE id = $1 AND organization_id = $2 ${strength}`, [
    id,
    organizationId,
  ]);
}

/**
 * Locks a token row that the organization reaches until the transaction ends, and returns whether it does. Ignores all
 * other rows, so that a caller cannot block them. No row of a token ever moves to another identity or organization.
 */
export async function lockReachableToken(
  tx: EntityManager,
  { id, organizationId }: { id: string; organizationId: string },
  strength: LockStrength,
): Promise<boolean> {
  const rows: unknown[] = await tx.query(
    `SELECT FROM access_token t
     JOIN identity i ON i.id = t.identity_id
     JOIN organization o ON o.id = t.organization_id
     WHERE t.id = $1 AND ${reachesTokenSql('$2')} ${strength} OF t`,
    [id, organizationId],
  );
  return rows.length > 0;
}
