import type { EntityManager } from 'typeorm';
import { type Prepared, runPrepared } from '../database/prepared.js';
import { scopesSql, tokenScopesSql } from '../revocation/scope.js';
import { passGate, tryGate } from './gate.js';
import { mintValues } from './mint-values.js';
import type { ProposedMint } from './proposed-mint.js';

const CALLER_SCOPES = scopesSql({
  identityId: 'ct.identity_id',
  authMethod: 'ct.auth_method',
  organizationId: 'ct.organization_id',
  rootOrganizationId: 'co.root_id',
  kid: `j."callerKid"`,
});

const SCOPES = tokenScopesSql();

const epochBelow = (scopes: string, limit: string): string =>
  `coalesce((SELECT max(sequence) FROM epoch WHERE (scope, key) IN ${scopes}), 0) <= ${limit}`;

/** Locks are waited for, or whatever isn't free at once counts as changed. */
type Patience = 'waits' | 'goes on';

/** A role is locked where it is looked up, and that only once the gate has been passed. */
const customRole = (roleId: string, ifLocked: string): string =>
  `LEFT JOIN LATERAL (
    SELECT permissions FROM role WHERE id = ${roleId} AND asked."hasPassed" FOR SHARE ${ifLocked})`;

const isAsJudged = (membership: string, permissions: string, judged: string): string => `
  ${membership}.is_active AND ${membership}.role = j."${judged}"->>'role'
  AND ${membership}.role_id IS NOT DISTINCT FROM (j."${judged}"->>'roleId')::uuid
  AND ${permissions}.permissions IS NOT DISTINCT FROM nullif(j."${judged}"->'permissions', 'null')`;

/** Writes the rows of what was granted, each the first one's of its group but for what it differs in. */
const WRITE = `
  proposed AS MATERIALIZED (
    SELECT t AS token, a AS audit, own.kept
    FROM granted
    CROSS JOIN LATERAL jsonb_to_recordset(granted.mints) AS own(token jsonb, audit jsonb, kept jsonb)
    CROSS JOIN LATERAL jsonb_populate_record(granted.token, own.token) t
    CROSS JOIN LATERAL jsonb_populate_record(
      jsonb_populate_record(NULL::audit_event, granted.audit), own.audit) a
  ),
  keyed AS (
    INSERT INTO idempotency_key AS earlier
    SELECT k.* FROM proposed CROSS JOIN LATERAL jsonb_populate_record(NULL::idempotency_key, kept) k
    WHERE kept IS NOT NULL
    ON CONFLICT ON CONSTRAINT pk_idempotency_key DO UPDATE
      SET token_id = excluded.token_id, body_digest = excluded.body_digest, claims = excluded.claims,
        expires_at = excluded.expires_at
      WHERE earlier.expires_at <= (SELECT (token).created_at FROM proposed)
    RETURNING token_id
  ),
  admitted AS (SELECT token, audit FROM proposed WHERE kept IS NULL OR EXISTS (SELECT FROM keyed)),
  minted AS (INSERT INTO access_token SELECT (token).* FROM admitted RETURNING id),
  audited AS (INSERT INTO audit_event SELECT (audit).* FROM admitted)`;

/**
 * Everything that speaks for a mint, found again and held until the rows are in: the caller's token, identity,
 * configuration and memberships; the new token's identity, membership, configuration, organization and key; the
 * instance. A revocation that came first leaves nothing to hold, and then nothing is written.
 * What several mints rest on is looked at once for all of them.
 * Of requests with one idempotency key, the first to write its row mints; the others wait for it and write nothing.
 */
function mintSql(patience: Patience, outcome: string): string {
  const [gate, ifLocked] =
    patience === 'waits'
      ? [`${passGate('g."rootOrganizationId"')} IS NOT NULL`, '']
      : [tryGate('g."rootOrganizationId"'), 'SKIP LOCKED'];
  return `
  WITH asked AS MATERIALIZED (
    SELECT g.*, ${gate} AS "hasPassed"
    FROM jsonb_to_recordset($1::jsonb) AS g(judgement jsonb, "rootOrganizationId" text, latest timestamptz,
      token jsonb, audit jsonb, mints jsonb)
  ),
  granted AS MATERIALIZED (
    SELECT t AS token, asked.audit, asked.mints
    FROM asked
    CROSS JOIN LATERAL jsonb_populate_record(NULL::access_token, asked.token) t
    CROSS JOIN LATERAL jsonb_to_record(asked.judgement) AS j("callerTokenId" uuid, "callerKid" text, "callerRole" jsonb,
      "identityRole" jsonb, "configId" uuid, "trustedIps" jsonb, "organizationSlug" text)
    JOIN instance n ON n.id = 1
    JOIN access_token ct ON ct.id = j."callerTokenId" AND ct.revoked_at IS NULL AND ct.expires_at > asked.latest
    JOIN identity ci ON ci.id = ct.identity_id AND ci.deleted_at IS NULL
    JOIN organization co ON co.id = ct.organization_id AND co.deleted_at IS NULL
    JOIN membership ctm ON ctm.organization_id = ct.organization_id AND ctm.identity_id = ct.identity_id AND ctm.is_active
    JOIN token_auth_config cc ON cc.identity_id = ct.identity_id
    JOIN signing_key ck ON ck.kid = j."callerKid" AND ck.state <> 'revoked'
    JOIN membership cm ON cm.organization_id = t.organization_id AND cm.identity_id = ct.identity_id
    ${customRole('cm.role_id', ifLocked)} cr ON true
    JOIN identity i ON i.id = t.identity_id AND i.deleted_at IS NULL AND (i.organization_id = co.id
      OR EXISTS (SELECT FROM membership im WHERE im.organization_id = co.id AND im.identity_id = i.id))
    JOIN organization o ON o.id = t.organization_id AND o.deleted_at IS NULL
      AND o.slug = coalesce(j."organizationSlug", o.slug)
    JOIN organization root ON root.id = o.root_id AND root.deleted_at IS NULL
    JOIN membership m ON m.organization_id = t.organization_id AND m.identity_id = t.identity_id
    ${customRole('m.role_id', ifLocked)} r ON true
    JOIN token_auth_config c ON c.id = j."configId" AND c.identity_id = t.identity_id AND c.ttl = t.ttl
      AND c.max_ttl = t.max_ttl AND c.num_uses_limit = t.num_uses_limit AND c.trusted_ips = j."trustedIps"
    JOIN signing_key k ON k.kid = t.kid AND k.state = 'active'
    WHERE asked."hasPassed"
      AND ${isAsJudged('cm', 'cr', 'callerRole')}
      AND ${isAsJudged('m', 'r', 'identityRole')}
      AND ${epochBelow(CALLER_SCOPES, 'ct.epoch')}
      AND ${epochBelow(SCOPES, 't.epoch')}
    FOR SHARE OF n, ct, ci, co, ctm, cc, ck, cm, i, o, root, m, c, k ${ifLocked}
  ),
  ${WRITE}
  ${outcome}`;
}

/** One mint, whatever it may have to wait for. */
const MINT_ONE: Prepared = {
  name: 'mint_one',
  text: mintSql(
    'waits',
    'SELECT EXISTS (SELECT FROM granted) AS "isGranted", EXISTS (SELECT FROM minted) AS "isMinted"',
  ),
};

/** Many mints, none of which can hold the others up. */
const MINT_MANY: Prepared = { name: 'mint_many', text: mintSql('goes on', 'SELECT id FROM minted') };

/**
 * `minted`: the rows are written. The others wrote nothing; `changed`: something is no longer as it was judged;
 * `repeated`: all is, but the idempotency key stands for an earlier mint.
 */
export type MintOutcome = 'minted' | 'changed' | 'repeated';

/** Writes a token, its audit row and its idempotency key in one statement, if everything is still as it was judged. */
export async function mintIfAsJudged(db: EntityManager, mint: ProposedMint): Promise<MintOutcome> {
  const values = [mintValues([mint])];
  const [found] = await runPrepared<{ isGranted: boolean; isMinted: boolean }>(db, MINT_ONE, values);
  if (found?.isMinted) return 'minted';
  return found?.isGranted ? 'repeated' : 'changed';
}

/**
 * The same for many at once, none of them with an idempotency key. Gives the ids of the tokens that were written. The
 * others wrote nothing: something is no longer as it was judged, or may be changing right now.
 */
export async function mintThoseAsJudged(db: EntityManager, mints: ProposedMint[]): Promise<Set<string>> {
  const minted = await runPrepared<{ id: string }>(db, MINT_MANY, [mintValues(mints)]);
  return new Set(minted.map(({ id }) => id));
}
