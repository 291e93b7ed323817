import { createLogger } from '../common/logger.js';
import { AppConfig } from '../config/app-config.js';
import { migrate } from '../database/migrate.js';
import { openBacking } from './backing.js';

export interface MigrateCommandOptions {
  'service-role'?: string;
  'retention-role'?: string;
}

/**
 * Brings the database schema up to this version, and sets up who may do what in it. Runs as a step of its own before
 * a rollout, by the role that owns the schema; it needs no key and no issuer.
 */
export async function migrateCommand(options: MigrateCommandOptions): Promise<void> {
  const config = AppConfig.load(undefined, { isDatabaseAlone: true });
  const { backing, close } = await openBacking(config, createLogger(config.LOG_LEVEL, process.stdout.isTTY));
  try {
    const names = await migrate(config.DATABASE_DIRECT_URL ?? backing.databaseUrl, {
      roles: { service: options['service-role'], retention: options['retention-role'] },
    });
    process.stdout.write(names.length === 0 ? 'The schema is up to date.\n' : `Migrated:\n  ${names.join('\n  ')}\n`);
  } finally {
    await close();
  }
}
