import type { EntityManager } from 'typeorm';
import { reachesTokenSql } from '../access-token/token-reach.js';
import { type Prepared, runPrepared } from '../database/prepared.js';
import type { Actor } from '../permission/actor.js';
import type { KnownIdentity } from '../permission/member-identities.service.js';
import { highestEpochOfTokenSql } from '../revocation/scope.js';

/** A token's record as its readers see it. */
export interface TokenRecord {
  id: string;
  identityId: string;
  /** The organization that the token is scoped to. */
  organizationId: string;
  name: string | null;
  ttl: number;
  maxTtl: number;
  numUses: number;
  numUsesLimit: number;
  lastUsedAt: Date | null;
  lastRenewedAt: Date | null;
  expiresAt: Date;
  revokedAt: Date | null;
  /** By itself or by a scope that it lies in. */
  isRevoked: boolean;
  createdAt: Date;
  updatedAt: Date;
  /** Null when the token works in a root organization. */
  subOrganizationId: string | null;
}

const COLUMNS = `
  t.id, t.identity_id AS "identityId", t.organization_id AS "organizationId", t.name, t.ttl, t.max_ttl AS "maxTtl",
    CASE WHEN t.num_uses_limit > 0 THEN t.num_uses ELSE coalesce(u.num_uses, 0)::float8 END AS "numUses",
    t.num_uses_limit AS "numUsesLimit", greatest(u.last_used_at, t.last_used_at) AS "lastUsedAt",
    t.last_renewed_at AS "lastRenewedAt", t.expires_at AS "expiresAt", t.revoked_at AS "revokedAt",
    (t.revoked_at IS NOT NULL OR k.state = 'revoked'
      OR coalesce(${highestEpochOfTokenSql()} > t.epoch, false)) AS "isRevoked",
    t.created_at AS "createdAt", t.updated_at AS "updatedAt",
    CASE WHEN o.parent_id IS NULL THEN NULL ELSE o.id END AS "subOrganizationId"`;

const BESIDE = `
  JOIN organization o ON o.id = t.organization_id
  JOIN signing_key k ON k.kid = t.kid
  JOIN identity i ON i.id = t.identity_id AND i.deleted_at IS NULL
  LEFT JOIN access_token_usage u ON u.token_id = t.id`;

const pageWhere = (name: string, condition: string): Prepared => ({
  name,
  text: `
  SELECT ${COLUMNS} FROM access_token t ${BESIDE} WHERE t.identity_id = $2 AND ${condition}
  ORDER BY t.created_at DESC, t.id DESC LIMIT $3 OFFSET $4`,
});

/** Tokens that are scoped to one organization, by the index on identity, organization and time. */
const PAGE = pageWhere('list_token_records', 't.organization_id = $1');

/**
 * All tokens of an identity that a root organization owns, by the index on identity and time. `ttl >= 0` is the condition
 * of that index. The condition on the root holds for every such token, so the index order is the order of the page.
 */
const PAGE_WITHIN_ROOT = pageWhere(
  'list_token_records_within_root',
  't.ttl >= 0 AND (t.organization_id = $1 OR o.root_id = $1)',
);

/** One statement of primary-key lookups, for many tokens as for one. */
const READ: Prepared = {
  name: 'read_token_records',
  text: `
  SELECT asked.place::int, ${COLUMNS}
  FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS asked(organization_id, token_id, place)
  JOIN access_token t ON t.id = asked.token_id ${BESIDE}
  WHERE ${reachesTokenSql('asked.organization_id')}`,
};

export interface Page {
  offset?: number;
  limit?: number;
}

/** The tokens of an identity that an organization reaches, newest first. */
export async function listTokenRecords(
  db: EntityManager,
  { organizationId, rootOrganizationId }: Pick<Actor, 'organizationId' | 'rootOrganizationId'>,
  identity: KnownIdentity,
  { offset = 0, limit = 20 }: Page,
): Promise<TokenRecord[]> {
  const isOwnedByRoot = identity.organizationId === organizationId && organizationId === rootOrganizationId;
  const page = isOwnedByRoot ? PAGE_WITHIN_ROOT : PAGE;
  return runPrepared(db, page, [organizationId, identity.id, limit, offset]);
}

/** A token, and the organization that whoever asks works in. */
export interface AskedRecord {
  organizationId: string;
  tokenId: string;
}

/** Tokens that the organization of each question reaches, in the order of the questions; null where it reaches none. */
export async function readTokenRecords(
  db: EntityManager,
  asked: readonly AskedRecord[],
): Promise<(TokenRecord | null)[]> {
  const values = [asked.map(({ organizationId }) => organizationId), asked.map(({ tokenId }) => tokenId)];
  const records: (TokenRecord | null)[] = asked.map(() => null);
  for (const { place, ...record } of await runPrepared<TokenRecord & { place: number }>(db, READ, values)) {
    records[place - 1] = record;
  }
  return records;
}

/** A token that the organization reaches; null if it reaches none of that id. */
export async function readTokenRecord(
  db: EntityManager,
  organizationId: string,
  tokenId: string,
): Promise<TokenRecord | null> {
  const [record] = await readTokenRecords(db, [{ organizationId, tokenId }]);
  return record ?? null;
}
