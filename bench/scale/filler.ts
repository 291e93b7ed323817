import type { ClientBase } from 'pg';
import type { BenchDatabase } from '../database.js';
import type { World } from '../world.js';

/** Identities that the tokens belong to, and sub-organizations that every other one of them works in. */
const IDENTITIES = 2000;
const SUB_ORGANIZATIONS = 50;

const ROWS_AT_ONCE = 500_000;

/** The ids of what is filled in are computed, so that any token can be found by its number. */
const FUNCTIONS = [
  'CREATE SCHEMA fill',
  `CREATE FUNCTION fill.created_at(n bigint) RETURNS timestamptz IMMUTABLE LANGUAGE sql
     RETURN to_timestamp(floor(extract(epoch FROM timestamptz '{base}')) + n * {step})`,
  `CREATE FUNCTION fill.token_id(n bigint) RETURNS uuid IMMUTABLE LANGUAGE sql RETURN (
     lpad(to_hex((extract(epoch FROM fill.created_at(n)) * 1000)::bigint), 12, '0')
     || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid`,
  `CREATE TABLE fill.holder AS
     SELECT n AS number, gen_random_uuid() AS identity_id, CASE WHEN n % 2 = 0 THEN '{root}'::uuid END AS organization_id
     FROM generate_series(0, ${IDENTITIES - 1}) AS n`,
  `CREATE TABLE fill.organization AS
     SELECT n AS number, gen_random_uuid() AS id FROM generate_series(0, ${SUB_ORGANIZATIONS - 1}) AS n`,
  `UPDATE fill.holder h SET organization_id = o.id FROM fill.organization o
     WHERE h.organization_id IS NULL AND o.number = (h.number / 2) % ${SUB_ORGANIZATIONS}`,
];

const ROWS = [
  `INSERT INTO organization (id, name, slug, parent_id, root_id, created_at, updated_at)
     SELECT id, 'Filled ' || number, 'filled-' || number, '{root}', '{root}', now(), now() FROM fill.organization`,
  `INSERT INTO identity (id, name, organization_id, has_delete_protection, created_at, updated_at)
     SELECT identity_id, 'filled ' || number, organization_id, false, now(), now() FROM fill.holder`,
  `INSERT INTO membership (id, organization_id, identity_id, role, is_active, created_at, updated_at)
     SELECT gen_random_uuid(), organization_id, identity_id, 'member', true, now(), now() FROM fill.holder`,
  `INSERT INTO token_auth_config (id, identity_id, ttl, max_ttl, num_uses_limit, trusted_ips, created_at, updated_at)
     SELECT gen_random_uuid(), h.identity_id, c.ttl, c.max_ttl, c.num_uses_limit, c.trusted_ips, now(), now()
     FROM fill.holder h, token_auth_config c WHERE c.identity_id = '{like}'`,
];

const TOKENS = `
  INSERT INTO access_token (id, identity_id, organization_id, kid, auth_method, name, ttl, max_ttl, num_uses_limit,
    num_uses, epoch, expires_at, created_at, updated_at)
  SELECT fill.token_id(n), h.identity_id, h.organization_id, k.kid, 'token-auth', 'filled ' || n, 31536000, 0, 0,
    0, 0, fill.created_at(n) + interval '200 days' + (n * 7919 % 1000) * interval '1 hour',
    fill.created_at(n), fill.created_at(n)
  FROM generate_series($1::bigint, $2::bigint) AS n
  JOIN fill.holder h ON h.number = n % ${IDENTITIES}
  CROSS JOIN (SELECT kid FROM signing_key WHERE state = 'active') k`;

const SECONDS_BACK = 90 * 86_400;

/** Fills the tables with tokens of many organizations and identities, made over the last 90 days. */
export async function fill(database: BenchDatabase, { holder }: World, size: number): Promise<void> {
  const base = new Date(Date.now() - SECONDS_BACK * 1000).toISOString();
  const values = { base, step: String(SECONDS_BACK / size), root: holder.organizationId, like: holder.identityId };
  const withValues = (statement: string): string =>
    statement.replaceAll(/\{(\w+)\}/g, (_, name: keyof typeof values) => values[name]);
  for (const statement of [...FUNCTIONS, ...ROWS]) await database.query(withValues(statement));
  await withoutIndexes(database, async (client) => {
    for (let from = 0; from < size; from += ROWS_AT_ONCE) {
      await client.query(TOKENS, [from, Math.min(size, from + ROWS_AT_ONCE) - 1]);
    }
  });
  await database.query('VACUUM (ANALYZE) access_token');
}

const INDEXES = `
  SELECT c.relname AS name, pg_get_indexdef(c.oid) AS definition
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE i.indrelid = 'access_token'::regclass AND NOT i.indisprimary`;

/** Indexes are built in a tenth of the time that it takes to keep them up. */
async function withoutIndexes(database: BenchDatabase, work: (client: ClientBase) => Promise<void>): Promise<void> {
  const client = await database.pool.connect();
  try {
    const { rows: indexes } = await client.query<{ name: string; definition: string }>(INDEXES);
    for (const { name } of indexes) await client.query(`DROP INDEX ${name}`);
    // What is filled in refers to rows that are there. Only a superuser may say so; others wait longer.
    await client.query('SET session_replication_role = replica').catch(() => undefined);
    await client.query(`SET maintenance_work_mem = '512MB'`);
    await work(client);
    for (const { definition } of indexes) await client.query(definition);
  } finally {
    client.release(true);
  }
}

/** Tokens that ended long enough ago to be cleaned up, made just now so that they lie beside those in use. */
export async function fillExpired(database: BenchDatabase, count: number): Promise<void> {
  await database.query(
    `INSERT INTO access_token (id, identity_id, organization_id, kid, auth_method, name, ttl, max_ttl, num_uses_limit,
       num_uses, epoch, expires_at, created_at, updated_at)
     SELECT gen_random_uuid(), h.identity_id, h.organization_id, k.kid, 'token-auth', 'expired', 3600, 0, 0, 0, 0,
       now() - interval '200 days' + n * interval '1 second', now() - interval '201 days', now() - interval '201 days'
     FROM generate_series(1, $1::int) AS n
     JOIN fill.holder h ON h.number = n % ${IDENTITIES}
     CROSS JOIN (SELECT kid FROM signing_key WHERE state = 'active') k`,
    [count],
  );
}

/** Many tokens of one identity. */
export async function fillFor(database: BenchDatabase, identityId: string, count: number): Promise<void> {
  await database.query(
    `INSERT INTO access_token (id, identity_id, organization_id, kid, auth_method, name, ttl, max_ttl, num_uses_limit,
       num_uses, epoch, expires_at, created_at, updated_at)
     SELECT gen_random_uuid(), i.id, i.organization_id, k.kid, 'token-auth', 'detached', 3600, 0, 0, 0, 0,
       now() + interval '1 day', now(), now()
     FROM generate_series(1, $2::int), identity i
     CROSS JOIN (SELECT kid FROM signing_key WHERE state = 'active') k
     WHERE i.id = $1`,
    [identityId, count],
  );
}
