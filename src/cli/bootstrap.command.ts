import { BootstrapService } from '../bootstrap/bootstrap.service.js';
import { createLogger } from '../common/logger.js';
import { AppConfig } from '../config/app-config.js';
import { openBacking } from './backing.js';
import { buildApp } from './build-app.js';
import { prepareSchema } from './schema.js';
import { operatorContext } from './operator-context.js';

/**
 * Sets up an empty instance, or gives an administrator to one that has lost its own. Whoever can run it has the
 * database and the keys; the act is in the audit log. The token goes to standard output and nowhere else.
 */
export async function bootstrapCommand({ recover = false, organization = 'My Organization' }): Promise<void> {
  const config = AppConfig.load();
  const log = createLogger(config.LOG_LEVEL === 'info' ? 'warn' : config.LOG_LEVEL, false);
  const { backing, close } = await openBacking(config, log);
  try {
    await prepareSchema(config, backing, log);
    const app = await buildApp(config, backing, log);
    try {
      await app.init();
      const bootstrap = app.get(BootstrapService);
      const context = operatorContext();
      const admin = recover ? await bootstrap.recover(context) : await bootstrap.bootstrap(organization, context);
      process.stderr.write(`Organization ${admin.organization.id}, admin identity ${admin.identity.id}; its token:\n`);
      process.stdout.write(`${admin.token}\n`);
    } finally {
      await app.close();
    }
  } finally {
    await close();
  }
}
