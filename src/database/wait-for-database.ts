import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from 'pino';
import { isUnavailable } from '../common/errors/postgres-errors.js';

const OLDEST_VERSION = 14;
const PAUSE_MS = 1000;

/** The database can't be used, and waiting will not help. The message says what to do. */
export class DatabaseUnusableError extends Error {}

/** Waits until the server answers, for so many seconds, saying so in the log; then checks that it can be used. */
export async function waitForDatabase(url: string, timeoutSeconds: number, log: Logger): Promise<void> {
  const { hostname, port } = new URL(url);
  const where = `${hostname}:${port || '5432'}`;
  const deadline = performance.now() + timeoutSeconds * 1000;
  for (;;) {
    try {
      return await checkServer(url);
    } catch (error) {
      if (error instanceof DatabaseUnusableError) throw error;
      const code = (error as { code?: string }).code ?? (error as Error).name;
      if (!isUnavailable(error))
        // The server's own words name the role or the database, and no password.
        throw new DatabaseUnusableError(
          `The database at ${where} refused the connection: ${(error as Error).message} (${code})`,
          { cause: error },
        );
      if (performance.now() > deadline) {
        throw new DatabaseUnusableError(
          `The database at ${where} was not up within ${timeoutSeconds} seconds (${code}); check DATABASE_URL or raise DATABASE_CONNECT_TIMEOUT`,
        );
      }
      log.warn(`waiting for the database at ${where} (${code})`);
      await sleep(PAUSE_MS);
    }
  }
}

async function checkServer(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number; standby: boolean }>(
      `SELECT current_setting('server_version_num')::int / 10000 AS version, pg_is_in_recovery() AS standby`,
    );
    const [server] = rows;
    if (!server || server.version < OLDEST_VERSION) {
      throw new DatabaseUnusableError(
        `PostgreSQL ${OLDEST_VERSION} or later is needed; the server is version ${server?.version}`,
      );
    }
    if (server.standby)
      throw new DatabaseUnusableError('The database server is in recovery; DATABASE_URL must name the primary');
  } finally {
    await client.end().catch(() => undefined);
  }
}
