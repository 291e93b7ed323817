import { randomBytes } from 'node:crypto';
import pg from 'pg';

const template = (): URL => new URL(process.env.TEST_TEMPLATE_URL ?? '');

/** The address of another database on the server of the run. */
export function urlOf(database: string): string {
  const url = template();
  url.pathname = `/${database}`;
  return url.href;
}

/** Clones the migrated template into a database of its own. */
export async function createDatabase({ isMigrated = true } = {}): Promise<string> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer(`CREATE DATABASE ${name} TEMPLATE ${isMigrated ? 'template' : 'template0'} STRATEGY FILE_COPY`);
  return urlOf(name);
}

export async function dropDatabase(url: string): Promise<void> {
  await administer(`DROP DATABASE IF EXISTS ${new URL(url).pathname.slice(1)} WITH (FORCE)`);
}

/** Takes a copy of a database that nobody is connected to; gives how to put it in the original's place. */
export async function copyDatabase(url: string): Promise<() => Promise<void>> {
  const name = new URL(url).pathname.slice(1);
  const copy = `${name}_copy`;
  await administer(`CREATE DATABASE ${copy} TEMPLATE ${name} STRATEGY FILE_COPY`);
  return async () => {
    await dropDatabase(url);
    await administer(`ALTER DATABASE ${copy} RENAME TO ${name}`);
  };
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf('postgres') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
