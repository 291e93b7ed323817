import type { EntityManager } from 'typeorm';
import type { TrustedIp } from '../common/http/trusted-ip.js';
import type { AccessToken } from '../database/entities/access-token.entity.js';
import type { AuditEvent } from '../database/entities/audit-event.entity.js';
import type { IdempotencyKey } from '../database/entities/idempotency-key.entity.js';
import type { PermissionRule } from '../database/entities/role.entity.js';
import { snake } from '../database/naming.js';
import { scopesSql } from '../revocation/scope.js';
import { passGate } from './gate.js';

/** A role as somebody was judged to hold it. */
export interface JudgedRole {
  role: string;
  roleId: string | null;
  permissions: PermissionRule[] | null;
}

/** What a mint was judged by. The statement mints only if all of it still holds. */
export interface MintJudgement {
  callerTokenId: string;
  /** The key of the caller's text. */
  callerKid: string;
  /** The caller's own membership in the organization that the new token is scoped to. */
  callerRole: JudgedRole;
  /** The identity's membership there. */
  identityRole: JudgedRole;
  configId: string;
  trustedIps: TrustedIp[];
}

const CALLER_SCOPES = scopesSql({
  identityId: 'ct.identity_id',
  authMethod: 'ct.auth_method',
  organizationId: 'ct.organization_id',
  rootOrganizationId: 'co.root_id',
  kid: `j."callerKid"`,
});

const SCOPES = scopesSql({
  identityId: 't.identity_id',
  authMethod: 't.auth_method',
  organizationId: 't.organization_id',
  rootOrganizationId: 'o.root_id',
  kid: 't.kid',
});

const epochBelow = (scopes: string, limit: string): string =>
  `coalesce((SELECT max(sequence) FROM epoch WHERE (scope, key) IN ${scopes}), 0) <= ${limit}`;

/** A role is locked where it is looked up, and that only once the gate has been passed. */
const customRole = (roleId: string): string =>
  `LEFT JOIN LATERAL (SELECT permissions FROM role WHERE id = ${roleId} AND member."hasPassed" FOR SHARE)`;

const isAsJudged = (membership: string, permissions: string, judged: string): string => `
  ${membership}.is_active AND ${membership}.role = j."${judged}"->>'role'
  AND ${membership}.role_id IS NOT DISTINCT FROM (j."${judged}"->>'roleId')::uuid
  AND ${permissions}.permissions IS NOT DISTINCT FROM nullif(j."${judged}"->'permissions', 'null')`;

/**
 * Everything that speaks for the mint, found again and held until the rows are in: the caller's token, identity,
 * configuration and memberships; the new token's identity, membership, configuration, organization and key; the
 * instance. A revocation that came first leaves nothing to hold, and then nothing is written.
 * Of requests with one idempotency key, the first to write its row mints; the others wait for it and write nothing.
 */
const MINT = `
  WITH member AS MATERIALIZED (
    SELECT $1::jsonb AS token, $2::jsonb AS audit, $3::jsonb AS judgement, $4::jsonb AS kept,
      ${passGate('$5')} IS NOT NULL AS "hasPassed"),
  granted AS MATERIALIZED (
    SELECT member.token, member.audit, member.kept
    FROM member
    CROSS JOIN LATERAL jsonb_populate_record(NULL::access_token, member.token) t
    CROSS JOIN LATERAL jsonb_to_record(member.judgement) AS j("callerTokenId" uuid, "callerKid" text,
      "callerRole" jsonb, "identityRole" jsonb, "configId" uuid, "trustedIps" jsonb)
    JOIN instance n ON n.id = 1
    JOIN access_token ct ON ct.id = j."callerTokenId" AND ct.revoked_at IS NULL AND ct.expires_at > t.created_at
    JOIN identity ci ON ci.id = ct.identity_id AND ci.deleted_at IS NULL
    JOIN organization co ON co.id = ct.organization_id AND co.deleted_at IS NULL
    JOIN membership ctm ON ctm.organization_id = ct.organization_id AND ctm.identity_id = ct.identity_id AND ctm.is_active
    JOIN token_auth_config cc ON cc.identity_id = ct.identity_id
    JOIN signing_key ck ON ck.kid = j."callerKid" AND ck.state <> 'revoked'
    JOIN membership cm ON cm.organization_id = t.organization_id AND cm.identity_id = ct.identity_id
    ${customRole('cm.role_id')} cr ON true
    JOIN identity i ON i.id = t.identity_id AND i.deleted_at IS NULL
    JOIN organization o ON o.id = t.organization_id AND o.deleted_at IS NULL
    JOIN organization root ON root.id = o.root_id AND root.deleted_at IS NULL
    JOIN membership m ON m.organization_id = t.organization_id AND m.identity_id = t.identity_id
    ${customRole('m.role_id')} r ON true
    JOIN token_auth_config c ON c.id = j."configId" AND c.identity_id = t.identity_id AND c.ttl = t.ttl
      AND c.max_ttl = t.max_ttl AND c.num_uses_limit = t.num_uses_limit AND c.trusted_ips = j."trustedIps"
    JOIN signing_key k ON k.kid = t.kid AND k.state = 'active'
    WHERE ${isAsJudged('cm', 'cr', 'callerRole')}
      AND ${isAsJudged('m', 'r', 'identityRole')}
      AND ${epochBelow(CALLER_SCOPES, 'ct.epoch')}
      AND ${epochBelow(SCOPES, 't.epoch')}
    FOR SHARE OF n, ct, ci, co, ctm, cc, ck, cm, i, o, root, m, c, k
  ),
  keyed AS (
    INSERT INTO idempotency_key AS earlier
    SELECT (jsonb_populate_record(NULL::idempotency_key, kept)).* FROM granted WHERE kept IS NOT NULL
    ON CONFLICT ON CONSTRAINT pk_idempotency_key DO UPDATE
      SET token_id = excluded.token_id, body_digest = excluded.body_digest, claims = excluded.claims,
        expires_at = excluded.expires_at
      WHERE earlier.expires_at <= ($1::jsonb->>'created_at')::timestamptz
    RETURNING token_id
  ),
  admitted AS (SELECT token, audit FROM granted WHERE kept IS NULL OR EXISTS (SELECT FROM keyed)),
  minted AS (
    INSERT INTO access_token
    SELECT (jsonb_populate_record(NULL::access_token, token)).* FROM admitted RETURNING id
  ),
  audited AS (
    INSERT INTO audit_event
    SELECT (jsonb_populate_record(NULL::audit_event, audit)).* FROM admitted
  )
  SELECT EXISTS (SELECT FROM granted) AS "isGranted", EXISTS (SELECT FROM minted) AS "isMinted"`;

/** A row with the names of its columns, as PostgreSQL reads it back from JSON. */
const columnsOf = (row: object): string =>
  JSON.stringify(Object.fromEntries(Object.entries(row).map(([name, value]) => [snake(name), value as unknown])));

const keyColumnsOf = (kept: IdempotencyKey): string =>
  columnsOf({ ...kept, bodyDigest: `\\x${kept.bodyDigest.toString('hex')}` });

/** What a mint writes. */
export interface MintRows {
  token: AccessToken;
  audit: AuditEvent;
  /** Null when the request has no idempotency key. */
  kept: IdempotencyKey | null;
  /** Whose gate the mint passes. */
  rootOrganizationId: string;
}

/**
 * `minted`: the rows are written. The others wrote nothing; `changed`: something is no longer as it was judged;
 * `repeated`: all is, but the idempotency key stands for an earlier mint.
 */
export type MintOutcome = 'minted' | 'changed' | 'repeated';

/** Writes a token, its audit row and its idempotency key in one statement, if everything is still as it was judged. */
export async function mintIfAsJudged(
  db: EntityManager,
  { token, audit, kept, rootOrganizationId }: MintRows,
  judgement: MintJudgement,
): Promise<MintOutcome> {
  const columns = [columnsOf(token), columnsOf(audit), JSON.stringify(judgement), kept && keyColumnsOf(kept)];
  const [found]: { isGranted: boolean; isMinted: boolean }[] = await db.query(MINT, [...columns, rootOrganizationId]);
  if (found?.isMinted) return 'minted';
  return found?.isGranted ? 'repeated' : 'changed';
}
