import { AppConfig } from '../config/app-config.js';
import { createLogger } from '../common/logger.js';
import { DatabaseUnusableError } from '../database/wait-for-database.js';
import { migrate, missingMigrations } from '../database/migrate.js';
import { serveDocs } from '../app.openapi.js';
import { openBacking } from './backing.js';
import { buildApp } from './build-app.js';
import { welcome, welcomeText } from './first-start.js';
import { stopOnSignals } from './shutdown.js';

/** Runs the service until it is told to stop. */
export async function serve(): Promise<void> {
  const config = AppConfig.load();
  const log = createLogger(config.LOG_LEVEL, process.stdout.isTTY);
  const { backing, secretsDir, close } = await openBacking(config, log);
  try {
    if (config.migrateOnStart) (await migrate(backing.databaseUrl)).forEach((name) => log.info(`migrated: ${name}`));
    else await refuseOldSchema(backing.databaseUrl);
    const app = await buildApp(config, backing, log);
    stopOnSignals(app, close, config.SHUTDOWN_TIMEOUT, log);
    serveDocs(app);
    await app.init();
    const greeting = await welcome(app, secretsDir, config.bootstrapOnStart);
    await app.listen(config.PORT, config.HOST);
    const { port } = app.getHttpServer().address() as { port: number };
    log.info({ port }, 'listening');
    if (config.isEmbedded) process.stdout.write(`${welcomeText(greeting, `http://localhost:${port}`)}\n`);
  } catch (error) {
    await close();
    throw error;
  }
}

/** Code that is newer than the schema would fail later and worse. */
async function refuseOldSchema(url: string): Promise<void> {
  const missing = await missingMigrations(url);
  if (missing.length > 0) {
    throw new DatabaseUnusableError(
      'The database schema is behind this version: run "token-auth migrate", or set MIGRATE_ON_START=true',
    );
  }
}
