import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { EmbeddedPostgresError, errnoOf } from './embedded-postgres-error.js';

const PAUSE = 20;

/** Waits until the server answers; false if it has ended instead. */
export async function answers(url: string, isAlive: () => boolean, deadline: number): Promise<boolean> {
  for (;;) {
    try {
      await withClient(url, async (client) => client.query('SELECT 1'));
      return true;
    } catch (error) {
      if (!isAlive()) return false;
      if (errnoOf(error) === '28P01') throw wrongPassword(error);
      if (Date.now() > deadline) throw noAnswer(error);
    }
    await delay(PAUSE);
  }
}

/** Makes the database unless it is there, and says whether it did. */
export async function ensureDatabase(url: string, name: string): Promise<boolean> {
  return withClient(url, async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount !== 0) return false;
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
    return true;
  });
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000, query_timeout: 25_000 });
  // A connection that breaks also fails the query that is on it; without a listener, it would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

function wrongPassword(cause: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'The embedded PostgreSQL does not know the password in the file "postgres-password": bring back the file that ' +
      'belongs to the data, or move the data directory away to begin anew.',
    { cause },
  );
}

function noAnswer(cause: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'The embedded PostgreSQL runs but does not answer: read "postgres.log" beside its data directory, or set ' +
      'DATABASE_URL to a PostgreSQL of yours.',
    { cause },
  );
}
