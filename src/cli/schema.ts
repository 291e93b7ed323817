import type { Logger } from 'pino';
import type { AppConfig } from '../config/app-config.js';
import type { Backing } from '../config/backing.js';
import { migrate, missingMigrations } from '../database/migrate.js';
import { DatabaseUnusableError } from '../database/wait-for-database.js';

/** Migrates where that is on; elsewhere refuses a schema that is behind, for the code would fail later and worse. */
export async function prepareSchema(config: AppConfig, { databaseUrl }: Backing, log: Logger): Promise<void> {
  if (config.migrateOnStart) {
    for (const name of await migrate(databaseUrl)) log.info(`migrated: ${name}`);
  } else if ((await missingMigrations(databaseUrl)).length > 0) {
    throw new DatabaseUnusableError(
      'The database schema is behind this version: run "token-auth migrate", or set MIGRATE_ON_START=true',
    );
  }
}
