import { KeyUpkeep } from '../access-token/key-upkeep.service.js';
import { AppConfig } from '../config/app-config.js';
import { createLogger } from '../common/logger.js';
import { serveDocs } from '../app.openapi.js';
import { Retention } from '../retention/retention.service.js';
import { openBacking } from './backing.js';
import { buildApp } from './build-app.js';
import { welcome, welcomeText } from './first-start.js';
import { prepareSchema } from './schema.js';
import { stopOnSignals } from './shutdown.js';

/** Runs the service until it is told to stop. */
export async function serve(): Promise<void> {
  const config = AppConfig.load();
  const log = createLogger(config.LOG_LEVEL, process.stdout.isTTY);
  const { backing, secretsDir, close } = await openBacking(config, log);
  try {
    await prepareSchema(config, backing, log);
    const app = await buildApp(config, backing, log);
    stopOnSignals(app, close, config.SHUTDOWN_TIMEOUT, log);
    serveDocs(app);
    await app.init();
    const greeting = await welcome(app, secretsDir, config.bootstrapOnStart);
    await app.listen(config.PORT, config.HOST);
    const { port } = app.getHttpServer().address() as { port: number };
    log.info({ port }, 'listening');
    app.get(KeyUpkeep).start();
    await app.get(Retention).start();
    if (config.bootstrapOnStart) process.stdout.write(`${welcomeText(greeting, `http://localhost:${port}`)}\n`);
  } catch (error) {
    await close();
    throw error;
  }
}
