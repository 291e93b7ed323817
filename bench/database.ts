import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../src/database/embedded/embedded-postgres.js';
import { migrate } from '../src/database/migrate.js';
import { PROJECT_ROOT } from './child-server.js';
import type { Closing } from './closing.js';

/** Settings without which a commit may be lost that was acknowledged. */
const DURABLE = ['fsync', 'synchronous_commit', 'full_page_writes'] as const;

/** The database of one run, on a server with its durable defaults. */
export class BenchDatabase {
  readonly pool: pg.Pool;

  private constructor(
    readonly url: string,
    /** As the server tells it. */
    readonly version: string,
  ) {
    this.pool = new pg.Pool({ connectionString: url, max: 8 });
    // A connection that breaks as the server stops fails nothing that still counts.
    this.pool.on('error', () => undefined);
  }

  /** On the server of DATABASE_URL, or else on an embedded one that ends with the run. */
  static async open(closing: Closing): Promise<BenchDatabase> {
    return BenchDatabase.openOn(await findServer(closing), closing);
  }

  /** Another one on a server that is there. */
  static async openOn(server: string, closing: Closing): Promise<BenchDatabase> {
    const version = await checkDurability(server);
    const name = `token_auth_bench_${randomBytes(6).toString('hex')}`;
    const url = new URL(server);
    url.pathname = `/${name}`;
    await administer(server, `CREATE DATABASE ${name}`);
    closing.add(() => administer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    await migrate(url.href);
    const database = new BenchDatabase(url.href, version);
    closing.add(() => database.pool.end());
    return database;
  }

  async query<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(text, values)).rows;
  }

  /** Has the server write so many megabytes of its log and take those files for what it writes next. */
  async recycleLog(megabytes: number): Promise<void> {
    for (let written = 0; written < megabytes; written += 1) {
      await this.query(`SELECT pg_logical_emit_message(false, 'bench', repeat('x', 1024 * 1024))`);
    }
    if (megabytes > 0) await this.query('CHECKPOINT');
  }

  /** How many rows a table has. */
  async count(table: string): Promise<number> {
    const [row] = await this.query<{ count: number }>(`SELECT count(*)::float8 AS count FROM ${table}`);
    return row?.count ?? 0;
  }
}

/** The server of DATABASE_URL, or else an embedded one that ends with the run. */
export async function findServer(closing: Closing): Promise<string> {
  return process.env.DATABASE_URL ?? startServer(closing);
}

async function startServer(closing: Closing): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'token-auth-bench-'));
  closing.add(() => rm(dataDir, { recursive: true, force: true }));
  const server = await startEmbeddedPostgres({ checkout: PROJECT_ROOT, dataDir, log: () => undefined });
  closing.add(() => server.stop());
  return server.url;
}

/** What is measured counts only if nothing that was acknowledged can be lost. */
async function checkDurability(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const name of DURABLE) {
      const { rows } = await client.query<Record<string, string>>(`SHOW ${name}`);
      const value = rows[0]?.[name];
      if (value === 'off') throw new Error(`The server runs with ${name}=off: figures of it would say nothing`);
    }
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version ?? '';
  } finally {
    await client.end();
  }
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
