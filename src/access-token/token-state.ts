import type { EntityManager } from 'typeorm';
import type { TrustedIp } from '../common/http/trusted-ip.js';
import type { PermissionRule } from '../database/entities/role.entity.js';
import { scopesSql } from '../revocation/scope.js';

/** All that a token's goodness rests on, as PostgreSQL has it. */
export interface TokenState {
  tokenId: string;
  identityId: string;
  organizationId: string;
  rootOrganizationId: string;
  authMethod: string;
  ttl: number;
  maxTtl: number;
  numUsesLimit: number;
  numUses: number;
  createdAt: Date;
  expiresAt: Date;
  /** The token itself, a scope that it lies in, its identity, its organization or the key of its text. */
  isRevoked: boolean;
  isMember: boolean;
  role: string | null;
  permissions: PermissionRule[] | null;
  /** Null when the identity's Token Auth is gone. */
  trustedIps: TrustedIp[] | null;
  databaseTime: Date;
}

const SCOPES = scopesSql({
  identityId: 't.identity_id',
  authMethod: 't.auth_method',
  organizationId: 't.organization_id',
  rootOrganizationId: 'o.root_id',
  kid: '$2',
});

/**
 * One statement of primary-key lookups. With a lock clause it also holds, until the transaction ends, everything that
 * the answer rests on; what may have no row is locked where it is looked up, for PostgreSQL locks no outer join.
 */
const stateSql = (lock: '' | 'FOR SHARE'): string => `
  SELECT t.id AS "tokenId", t.identity_id AS "identityId", t.organization_id AS "organizationId",
    o.root_id AS "rootOrganizationId", t.auth_method AS "authMethod", t.ttl, t.max_ttl AS "maxTtl",
    t.num_uses_limit AS "numUsesLimit", t.num_uses AS "numUses",
    t.created_at AS "createdAt", t.expires_at AS "expiresAt",
    (t.revoked_at IS NOT NULL OR i.deleted_at IS NOT NULL OR o.deleted_at IS NOT NULL OR root.deleted_at IS NOT NULL
      OR k.state = 'revoked' OR c.trusted_ips IS NULL OR coalesce(e.sequence > t.epoch, false)) AS "isRevoked",
    coalesce(m.is_active, false) AS "isMember", m.role, r.permissions, c.trusted_ips AS "trustedIps",
    clock_timestamp() AS "databaseTime"
  FROM access_token t
  JOIN instance n ON n.id = 1
  JOIN identity i ON i.id = t.identity_id
  JOIN organization o ON o.id = t.organization_id
  JOIN organization root ON root.id = o.root_id
  JOIN signing_key k ON k.kid = $2
  LEFT JOIN LATERAL (
    SELECT is_active, role, role_id FROM membership
    WHERE organization_id = t.organization_id AND identity_id = t.identity_id ${lock}
  ) m ON true
  LEFT JOIN LATERAL (SELECT permissions FROM role WHERE id = m.role_id ${lock}) r ON true
  LEFT JOIN LATERAL (SELECT trusted_ips FROM token_auth_config WHERE identity_id = t.identity_id ${lock}) c ON true
  LEFT JOIN LATERAL (SELECT max(sequence) AS sequence FROM epoch WHERE (scope, key) IN ${SCOPES}) e ON true
  WHERE t.id = $1
  ${lock === '' ? '' : 'FOR SHARE OF t, n, i, o, root, k'}`;

const READ = stateSql('');
const HOLD = stateSql('FOR SHARE');

/** What PostgreSQL knows of a token now, for a text that the key `kid` signed. Null when there is no such token. */
export async function readTokenState(db: EntityManager, tokenId: string, kid: string): Promise<TokenState | null> {
  const [state]: TokenState[] = await db.query(READ, [tokenId, kid]);
  return state ?? null;
}

/** The same, and nothing of it can change before the transaction ends. */
export async function holdTokenState(tx: EntityManager, tokenId: string, kid: string): Promise<TokenState | null> {
  const [state]: TokenState[] = await tx.query(HOLD, [tokenId, kid]);
  return state ?? null;
}
