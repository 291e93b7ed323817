import type { EntityManager } from 'typeorm';
import { type Prepared, runPrepared } from '../database/prepared.js';
import { knownIdentitySql } from '../permission/member-identities.service.js';
import { highestEpochSql } from '../revocation/scope.js';
import { passGate, tryGate } from './gate.js';
import { GROUNDS_SQL, MINTS_SQL, mintValues } from './mint-values.js';
import type { ProposedMint } from './proposed-mint.js';

const HIGHEST_OF_CALLER = highestEpochSql({
  identityId: 'ct.identity_id',
  authMethod: 'ct.auth_method',
  organizationId: 'ct.organization_id',
  rootOrganizationId: 'co.root_id',
  kid: 'asked.caller_kid',
});

const HIGHEST = highestEpochSql({
  identityId: 'asked.identity_id',
  authMethod: 'asked.auth_method',
  organizationId: 'asked.organization_id',
  rootOrganizationId: 'o.root_id',
  kid: 'asked.kid',
});

/** Locks are waited for, or whatever isn't free at once counts as changed. */
type Patience = 'waits' | 'goes on';

/** Of whom a role is asked: its columns of what was judged begin so. */
type Judged = '' | 'caller_';

const isAsJudged = (judged: Judged): string =>
  `is_active AND role = asked.${judged}role AND role_id IS NOT DISTINCT FROM asked.${judged}role_id`;

/**
 * What the caller and the new token rest on, each with the columns that later ones are found by. The first one is there
 * only once the gate has been passed, and without it no other is looked for.
 */
const GROUNDS: readonly [name: string, found: string][] = [
  ['n', 'SELECT FROM instance WHERE id = 1 AND asked.has_passed'],
  [
    'ct',
    `SELECT identity_id, organization_id, auth_method, epoch FROM access_token
      WHERE id = asked.caller_token_id AND revoked_at IS NULL AND expires_at > asked.latest`,
  ],
  ['ci', 'SELECT FROM identity WHERE id = ct.identity_id AND deleted_at IS NULL'],
  ['co', 'SELECT id, root_id FROM organization WHERE id = ct.organization_id AND deleted_at IS NULL'],
  ['ctm', 'SELECT FROM membership WHERE organization_id = co.id AND identity_id = ct.identity_id AND is_active'],
  ['cc', 'SELECT FROM token_auth_config WHERE identity_id = ct.identity_id'],
  ['ck', `SELECT FROM signing_key WHERE kid = asked.caller_kid AND state <> 'revoked'`],
  [
    'cm',
    `SELECT role_id FROM membership
      WHERE organization_id = asked.organization_id AND identity_id = ct.identity_id AND ${isAsJudged('caller_')}`,
  ],
  ['i', knownIdentitySql('', 'asked.identity_id', 'co.id')],
  [
    'o',
    `SELECT root_id FROM organization WHERE id = asked.organization_id AND deleted_at IS NULL
      AND slug = coalesce(asked.organization_slug, slug)`,
  ],
  ['root', 'SELECT FROM organization WHERE id = o.root_id AND deleted_at IS NULL'],
  [
    'm',
    `SELECT role_id FROM membership
      WHERE organization_id = asked.organization_id AND identity_id = asked.identity_id AND ${isAsJudged('')}`,
  ],
  [
    'c',
    `SELECT FROM token_auth_config WHERE id = asked.config_id AND identity_id = asked.identity_id
      AND ttl = asked.ttl AND max_ttl = asked.max_ttl AND num_uses_limit = asked.num_uses_limit
      AND trusted_ips = asked.trusted_ips`,
  ],
  ['k', `SELECT FROM signing_key WHERE kid = asked.kid AND state = 'active'`],
];

/** Finds and holds every one of them, in this order, and each by itself, for the reason that `lookUp` has. */
const holdGrounds = (ifLocked: string): string =>
  GROUNDS.map(([name, found]) => `CROSS JOIN LATERAL (${found} FOR SHARE ${ifLocked}) ${name}`).join('\n    ');

/** The permissions of a membership's own role, where it has one. */
const holdRole = (membership: string, ifLocked: string): string =>
  `LEFT JOIN LATERAL (SELECT permissions FROM role WHERE id = ${membership}.role_id FOR SHARE ${ifLocked})`;

/** Writes the rows of what was granted. */
const WRITE = `
  proposed AS MATERIALIZED (SELECT * FROM granted JOIN ${MINTS_SQL} USING (ground)),
  keyed AS (
    INSERT INTO idempotency_key AS earlier
    SELECT k.* FROM proposed CROSS JOIN LATERAL jsonb_populate_record(NULL::idempotency_key, kept) k
    WHERE kept IS NOT NULL
    ON CONFLICT ON CONSTRAINT pk_idempotency_key DO UPDATE
      SET token_id = excluded.token_id, body_digest = excluded.body_digest, claims = excluded.claims,
        expires_at = excluded.expires_at
      WHERE earlier.expires_at <= (SELECT created_at FROM proposed)
    RETURNING token_id
  ),
  admitted AS (SELECT * FROM proposed WHERE kept IS NULL OR EXISTS (SELECT FROM keyed)),
  minted AS (
    INSERT INTO access_token (id, identity_id, organization_id, kid, auth_method, name, ttl, max_ttl, num_uses_limit,
      num_uses, epoch, expires_at, minted_by, created_at, updated_at)
    SELECT id, identity_id, organization_id, kid, auth_method, name, ttl, max_ttl, num_uses_limit,
      0, epoch, expires_at, minted_by, created_at, created_at FROM admitted
    RETURNING id
  ),
  audited AS (
    INSERT INTO audit_event (id, event, outcome, organization_id, actor_identity_id, actor_token_id, identity_id,
      token_id, details, ip_address, user_agent, req_id, created_at)
    SELECT audit_id, event, outcome, actor_organization_id, minted_by, caller_token_id, identity_id,
      id, details, ip_address, user_agent, req_id, created_at FROM admitted
  )`;

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
      ? [`${passGate('root_organization_id')} IS NOT NULL`, '']
      : [tryGate('root_organization_id'), 'SKIP LOCKED'];
  return `
  WITH asked AS MATERIALIZED (SELECT *, ${gate} AS has_passed FROM ${GROUNDS_SQL}),
  granted AS MATERIALIZED (
    SELECT asked.*
    FROM asked
    ${holdGrounds(ifLocked)}
    ${holdRole('cm', ifLocked)} cr ON true
    ${holdRole('m', ifLocked)} r ON true
    WHERE cr.permissions IS NOT DISTINCT FROM asked.caller_permissions
      AND r.permissions IS NOT DISTINCT FROM asked.permissions
      AND coalesce(${HIGHEST_OF_CALLER}, 0) <= ct.epoch
      AND coalesce(${HIGHEST}, 0) <= asked.epoch
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
  const [found] = await runPrepared<{ isGranted: boolean; isMinted: boolean }>(db, MINT_ONE, mintValues([mint]));
  if (found?.isMinted) return 'minted';
  return found?.isGranted ? 'repeated' : 'changed';
}

/**
 * The same for many at once, none of them with an idempotency key. Gives the ids of the tokens that were written. The
 * others wrote nothing: something is no longer as it was judged, or may be changing right now.
 */
export async function mintThoseAsJudged(db: EntityManager, mints: ProposedMint[]): Promise<Set<string>> {
  const minted = await runPrepared<{ id: string }>(db, MINT_MANY, mintValues(mints));
  return new Set(minted.map(({ id }) => id));
}
