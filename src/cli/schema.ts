import type { Logger } from 'pino';
import type { AppConfig } from '../config/app-config.js';
import type { Backing } from '../config/backing.js';
import { migrate, type SchemaState, schemaState } from '../database/migrate.js';
import { DatabaseUnusableError } from '../database/wait-for-database.js';
import { assertOneDatabase } from './database-check.js';

/** Checks that all URLs lead to one database, and migrates where that is on. Refuses a schema that is behind or too far ahead: the code would fail later and worse. */
export async function prepareSchema(config: AppConfig, { databaseUrl }: Backing, log: Logger): Promise<void> {
  const url = config.DATABASE_DIRECT_URL ?? databaseUrl;
  await assertOneDatabase(config, databaseUrl, log);
  if (config.migrateOnStart) {
    for (const name of await migrate(url)) log.info(`migrated: ${name}`);
  }
  const { missing, isTooNew } = await stateOf(url);
  if (missing.length > 0) {
    throw new DatabaseUnusableError(
      `The database schema is behind this version (${missing.join(', ')}): run "token-auth migrate" of this version, or set MIGRATE_ON_START=true`,
    );
  }
  if (isTooNew) {
    throw new DatabaseUnusableError(
      'The database schema is of a later version, which took away what this one rests on: run that version or a later one',
    );
  }
}

async function stateOf(url: string): Promise<SchemaState> {
  try {
    return await schemaState(url);
  } catch (error) {
    if ((error as { code?: string }).code !== '42501') throw error;
    throw new DatabaseUnusableError(
      'The role of DATABASE_URL may not read the schema: run "token-auth migrate --service-role <role>"',
      { cause: error },
    );
  }
}
