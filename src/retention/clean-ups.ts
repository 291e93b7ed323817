import type { EntityManager } from 'typeorm';
import { TOKEN_AUTH } from '../access-token/access-token-claims.js';
import { methodScope, type ScopeKey } from '../revocation/scope.js';

/** What ended at or before these instants may leave. */
export interface Cutoffs {
  now: Date;
  /** Of tokens, identities and organizations. */
  records: Date;
  /** Of entries of the revocation log. */
  entries: Date;
  /** Before this sequence, they concern only what ended with the whole instance. */
  firstEntry: string;
  audit: Date;
  /** Of the beats of replicas. */
  beats: Date;
}

/** One kind of row that leaves in batches. */
export interface CleanUp {
  name: string;
  /** Rows that one transaction removes at most; fewer mean that there are no more. */
  size: number;
  /** Removes the oldest, and tells how many there were. Rows that somebody works with are left for the next time. */
  removeBatch(tx: EntityManager, cutoffs: Cutoffs, size: number): Promise<number>;
}

/** Rows that hold nothing else. */
const MANY = 500;

/** Rows with which others leave. */
const FEW = 100;

/**
 * A token's row leaves by the latest `exp` that was signed for it alone. One that was revoked before stays until then
 * too: while a text of it could still be sent, its row says why it is refused.
 */
const TOKENS = `
  DELETE FROM access_token WHERE id IN (
    SELECT id FROM access_token WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`;

const IDEMPOTENCY_KEYS = `
  DELETE FROM idempotency_key WHERE (caller_identity_id, key, target_identity_id, organization_id) IN (
    SELECT caller_identity_id, key, target_identity_id, organization_id FROM idempotency_key
    WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`;

const REPLICAS = `
  DELETE FROM replica WHERE id IN (
    SELECT id FROM replica WHERE beat_at <= $1 ORDER BY beat_at LIMIT $2 FOR UPDATE SKIP LOCKED)`;

const MEMBERSHIPS = `
  DELETE FROM membership WHERE id IN (
    SELECT m.id FROM organization o JOIN membership m ON m.organization_id = o.id
    WHERE o.deleted_at <= $1 LIMIT $2 FOR UPDATE OF m SKIP LOCKED)`;

/** Its memberships, metadata and configuration leave with an identity. */
const HAS_NO_TOKEN = 'NOT EXISTS (SELECT FROM access_token t WHERE t.identity_id = i.id)';
const DELETED_IDENTITIES = `
  SELECT i.id FROM identity i WHERE i.deleted_at <= $1 AND ${HAS_NO_TOKEN}
  ORDER BY i.deleted_at LIMIT $2 FOR UPDATE OF i SKIP LOCKED`;

/** Their keys begin with the identity's id and go on with an organization's: hexadecimal, so before a `g`. */
const EPOCHS_OF_MEMBERSHIPS = `
  DELETE FROM epoch e USING unnest($1::text[]) AS gone (id)
  WHERE e.key BETWEEN gone.id || ':' AND gone.id || ':g'
    AND e.scope = 'identity-organization' AND starts_with(e.key, gone.id || ':')`;

/** What a deleted organization owned and no other has as a member is unknown to everybody. */
const IS_NO_MEMBER = 'NOT EXISTS (SELECT FROM membership m WHERE m.identity_id = i.id)';
const ORPHANED_IDENTITIES = `
  SELECT i.id FROM organization o JOIN identity i ON i.organization_id = o.id
  WHERE o.deleted_at <= $1 AND ${IS_NO_MEMBER} AND ${HAS_NO_TOKEN}
  LIMIT $2 FOR UPDATE OF i SKIP LOCKED`;

/** Its roles leave with an organization. */
const IS_EMPTY = ['access_token', 'identity', 'membership']
  .map((table) => `NOT EXISTS (SELECT FROM ${table} x WHERE x.organization_id = o.id)`)
  .join(' AND ');
const ORGANIZATIONS = `
  SELECT o.id FROM organization o WHERE o.deleted_at <= $1 AND ${IS_EMPTY}
  ORDER BY o.deleted_at LIMIT $2 FOR UPDATE OF o SKIP LOCKED`;

/** The newest entry stays: by it a replica sees that a database was restored to an earlier state. */
const ENTRIES = `
  DELETE FROM revocation WHERE sequence IN (
    SELECT sequence FROM revocation
    WHERE keep_until <= $1 AND sequence < (SELECT max(sequence) FROM revocation) ORDER BY keep_until LIMIT $2)`;

/** What a restore left behind. */
const MOOT_ENTRIES = `
  DELETE FROM revocation WHERE sequence IN (
    SELECT sequence FROM revocation WHERE sequence < $1 ORDER BY sequence LIMIT $2)`;

/** Ids are in the order of their making, so the oldest are found without an index on the time that mints would pay. */
const AUDIT_EVENTS = `
  DELETE FROM audit_event WHERE created_at <= $1 AND id IN (SELECT id FROM audit_event ORDER BY id LIMIT $2)`;

/** What the service's own role removes, in this order: what others refer to comes last. */
export const CLEAN_UPS: readonly CleanUp[] = [
  { name: 'access_token', size: MANY, removeBatch: (tx, { records }, size) => remove(tx, TOKENS, records, size) },
  { name: 'membership', size: MANY, removeBatch: (tx, { records }, size) => remove(tx, MEMBERSHIPS, records, size) },
  {
    name: 'identity',
    size: FEW,
    removeBatch: (tx, { records }, size) => removeIdentities(tx, DELETED_IDENTITIES, HAS_NO_TOKEN, records, size),
  },
  {
    name: 'orphaned identity',
    size: FEW,
    removeBatch: (tx, { records }, size) =>
      removeIdentities(tx, ORPHANED_IDENTITIES, `${HAS_NO_TOKEN} AND ${IS_NO_MEMBER}`, records, size),
  },
  { name: 'organization', size: FEW, removeBatch: (tx, { records }, size) => removeOrganizations(tx, records, size) },
  { name: 'idempotency_key', size: MANY, removeBatch: (tx, { now }, size) => remove(tx, IDEMPOTENCY_KEYS, now, size) },
  { name: 'replica', size: MANY, removeBatch: (tx, { beats }, size) => remove(tx, REPLICAS, beats, size) },
];

/** What is append-only to the service's own role, by the name of the table. Nobody locks these rows. */
export const APPEND_ONLY_CLEAN_UPS: readonly CleanUp[] = [
  { name: 'revocation', size: MANY, removeBatch: (tx, { entries }, size) => remove(tx, ENTRIES, entries, size) },
  {
    name: 'revocation',
    size: MANY,
    removeBatch: (tx, { firstEntry }, size) => remove(tx, MOOT_ENTRIES, firstEntry, size),
  },
  { name: 'audit_event', size: MANY, removeBatch: (tx, { audit }, size) => remove(tx, AUDIT_EVENTS, audit, size) },
];

async function remove(tx: EntityManager, statement: string, cutoff: Date | string, size: number): Promise<number> {
  const [, count]: [unknown[], number] = await tx.query(statement, [cutoff, size]);
  return count;
}

/** Once the rows are locked, nothing new can refer to them; what came to refer to them before is seen then. */
async function removeIdentities(
  tx: EntityManager,
  find: string,
  condition: string,
  cutoff: Date,
  size: number,
): Promise<number> {
  const found: { id: string }[] = await tx.query(find, [cutoff, size]);
  if (found.length === 0) return 0;
  const ids = found.map(({ id }) => id);
  const [removed]: [{ id: string }[], number] = await tx.query(
    `DELETE FROM identity i WHERE i.id = ANY ($1) AND ${condition} RETURNING i.id`,
    [ids],
  );
  const scopes = removed.flatMap(({ id }) => [{ scope: 'identity' as const, key: id }, methodScope(id, TOKEN_AUTH)]);
  await removeEpochs(tx, scopes);
  await tx.query(EPOCHS_OF_MEMBERSHIPS, [removed.map(({ id }) => id)]);
  return removed.length;
}

async function removeOrganizations(tx: EntityManager, cutoff: Date, size: number): Promise<number> {
  const found: { id: string }[] = await tx.query(ORGANIZATIONS, [cutoff, size]);
  if (found.length === 0) return 0;
  const ids = found.map(({ id }) => id);
  const [removed]: [{ id: string }[], number] = await tx.query(
    `DELETE FROM organization o WHERE o.id = ANY ($1) AND ${IS_EMPTY} RETURNING o.id`,
    [ids],
  );
  await removeEpochs(
    tx,
    removed.map(({ id }) => ({ scope: 'organization' as const, key: id })),
  );
  return removed.length;
}

/**
 * The epoch of a scope leaves with the thing that it is about: then no token lies in the scope, and none ever will.
 * Before, it would have to outlive every token that was minted under a lower one.
 */
async function removeEpochs(tx: EntityManager, scopes: ScopeKey[]): Promise<void> {
  await tx.query('DELETE FROM epoch WHERE (scope, key) IN (SELECT * FROM unnest($1::text[], $2::text[]))', [
    scopes.map(({ scope }) => scope),
    scopes.map(({ key }) => key),
  ]);
}
