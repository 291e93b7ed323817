import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../dist/src/database/embedded/embedded-postgres.js';
import { migrate } from '../../dist/src/database/migrate.js';
import { makeScratch } from '../../scripts/scratch.mjs';

const checkout = fileURLToPath(new URL('../../', import.meta.url));

/** One PostgreSQL for the whole run, without durability, and in it a migrated template that each file clones. */
export default async function globalSetup() {
  const scratch = makeScratch();
  // What the tests themselves make goes there too: workers have it from here.
  process.env.TMPDIR = scratch;
  const dataDir = join(scratch, 'cluster');
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };
  const postgres = await startEmbeddedPostgres({
    checkout,
    dataDir,
    settings,
    database: 'template',
    log: () => undefined,
  });
  await migrate(postgres.url);
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query('ALTER DATABASE template IS_TEMPLATE true');
  // It goes by PostgreSQL's clock, and most tests by one of their own. roles.e2e-spec.ts has it switched on.
  await client.query('ALTER TABLE access_token DISABLE TRIGGER keep_unexpired_tokens');
  // Thousands of connections are opened; proving the password is what they cost most.
  await client.query('SET scram_iterations = 1');
  await client.query(`ALTER ROLE postgres PASSWORD ${client.escapeLiteral(client.password)}`);
  await client.end();
  process.env.TEST_TEMPLATE_URL = postgres.url;
  globalThis.testPostgres = { postgres, scratch };
}
