import { createLogger } from '../common/logger.js';
import { AppConfig } from '../config/app-config.js';
import { migrate } from '../database/migrate.js';
import { openBacking } from './backing.js';

/** Brings the database schema up to this version. Runs as a step of its own before a rollout. */
export async function migrateCommand(): Promise<void> {
  const config = AppConfig.load();
  const { backing, close } = await openBacking(config, createLogger(config.LOG_LEVEL, process.stdout.isTTY));
  try {
    const names = await migrate(backing.databaseUrl);
    process.stdout.write(names.length === 0 ? 'The schema is up to date.\n' : `Migrated:\n  ${names.join('\n  ')}\n`);
  } finally {
    await close();
  }
}
