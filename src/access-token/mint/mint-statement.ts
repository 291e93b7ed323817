import type { EntityManager } from 'typeorm';
import { type Prepared, runPrepared } from '../../database/prepared.js';
import { passGate, tryGate } from '../gate.js';
import { grantedSql } from './held-grounds.js';
import { GROUNDS_SQL, MINTS_SQL, mintValues, TERMS_SQL } from './mint-values.js';
import type { ProposedMint } from './proposed-mint.js';

/** Locks are waited for, or whatever isn't free at once counts as changed. */
type Patience = 'waits' | 'goes on';

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
      0, epoch, expires_at, caller_identity_id, created_at, created_at FROM admitted
    RETURNING id
  ),
  audited AS (
    INSERT INTO audit_event (id, event, outcome, organization_id, actor_identity_id, actor_token_id, identity_id,
      token_id, details, ip_address, user_agent, req_id, created_at)
    SELECT audit_id, event, 'success', caller_organization_id, caller_identity_id, caller_token_id, identity_id,
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
  WITH asked AS MATERIALIZED (
    SELECT * FROM (SELECT *, ${gate} AS has_passed FROM ${TERMS_SQL}) of_many JOIN ${GROUNDS_SQL} USING (terms)
  ),
  granted AS MATERIALIZED (${grantedSql(ifLocked)}),
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
 * Writes many tokens with their audit rows in one statement, none of them with an idempotency key. Gives the ids of those
 * that were written. The others wrote nothing: something is no longer as it was judged, or may be changing right now.
 */
export async function mintThoseAsJudged(db: EntityManager, mints: ProposedMint[]): Promise<Set<string>> {
  const minted = await runPrepared<{ id: string }>(db, MINT_MANY, mintValues(mints));
  return new Set(minted.map(({ id }) => id));
}
