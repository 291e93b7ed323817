import { randomInt } from 'node:crypto';
import pg from 'pg';
import { PROBE_LOCK } from './advisory-locks.js';

/** Runs a statement on one connection and returns its rows. */
export type RunStatement = <T>(text: string, values: unknown[]) => Promise<T[]>;

const TAKE_LOCK = 'SELECT pg_advisory_xact_lock($1, $2)';

const SEE_LOCK = `
  SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND classid = $1::bigint::oid AND objid = $2::bigint::oid AND objsubid = 2 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS "isSeen"`;

const MAX_KEY = 2 ** 31;

const TIMEOUTS = { connectionTimeoutMillis: 2000, query_timeout: 3000 };

/**
 * Returns whether two connections lead to the same database of the same running server. The first one must be in a
 * transaction: it takes an advisory lock with a random key there, and the second one looks for that lock. Identifiers
 * that are stored in the database prove less, because a copy of the database has them too. A standby of the database
 * counts as another one. Needs no privileges, no tables and no session, so it works through PgBouncer.
 */
export async function isSameDatabase(inTransaction: RunStatement, other: RunStatement): Promise<boolean> {
  const key = [PROBE_LOCK, randomInt(MAX_KEY)];
  await inTransaction(TAKE_LOCK, key);
  const [row] = await other<{ isSeen: boolean }>(SEE_LOCK, key);
  return row?.isSeen ?? false;
}

/** Returns whether a URL leads to the database of an open connection. */
export async function leadsToDatabaseOf(url: string, client: pg.ClientBase): Promise<boolean> {
  return withClient(url, async (holder) => {
    await holder.query('BEGIN');
    return isSameDatabase(runOn(holder), runOn(client));
  });
}

/** Returns whether two URLs lead to the same database. */
export const areSameDatabase = (url: string, otherUrl: string): Promise<boolean> =>
  withClient(otherUrl, (client) => leadsToDatabaseOf(url, client));

const runOn =
  (client: pg.ClientBase): RunStatement =>
  async <T>(text: string, values: unknown[]) =>
    (await client.query(text, values)).rows as T[];

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'token-auth', ...TIMEOUTS });
  // A connection that breaks also fails the statement that is in flight; an error without a listener ends the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
