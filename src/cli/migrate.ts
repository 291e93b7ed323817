import { createCommandLogger } from '../common/logger.js';
import { AppConfig } from '../config/app-config.js';
import { migrate } from '../database/migrate.js';
import { openBacking } from './backing.js';
import { assertOneDatabase } from './database-check.js';
import { answer, type OutputOptions, type Terminal } from './terminal.js';

export interface MigrateOptions extends OutputOptions {
  serviceRole?: string;
  retentionRole?: string;
}

/**
 * Brings the database schema up to this version, and sets up who may do what in it. Runs as a step of its own before
 * a rollout, by the role that owns the schema; it needs no key and no issuer.
 */
export async function migrateSchema(terminal: Terminal, options: MigrateOptions): Promise<void> {
  const config = AppConfig.load(terminal.env, { isDatabaseAlone: true });
  const log = createCommandLogger(config.LOG_LEVEL);
  const { backing, close } = await openBacking(config, log);
  try {
    await assertOneDatabase(config, backing.databaseUrl, log);
    const migrated = await migrate(config.DATABASE_DIRECT_URL ?? backing.databaseUrl, {
      roles: { service: options.serviceRole, retention: options.retentionRole },
    });
    const text = migrated.length === 0 ? 'The schema is up to date.' : `Migrated:\n  ${migrated.join('\n  ')}`;
    answer(terminal, options, { migrated }, text);
  } finally {
    await close();
  }
}
