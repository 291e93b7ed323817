import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { KeyUpkeep } from '../access-token/key-upkeep.service.js';
import { TokenCensus } from '../access-token/token-census.service.js';
import { AppConfig } from '../config/app-config.js';
import { createLogger } from '../common/logger.js';
import { Metrics } from '../common/metrics.js';
import { serveDocs } from '../app.openapi.js';
import { startManagement } from '../health/management-server.js';
import { Readiness } from '../health/readiness.service.js';
import { type BuiltService, ServiceHealth } from '../health/service-health.js';
import { Retention } from '../retention/retention.service.js';
import type { Tracing } from '../tracing/tracing.js';
import { type OpenBacking, openBacking, PROJECT_ROOT } from './backing.js';
import { buildApp } from './build-app.js';
import { welcome, welcomeText } from './first-start.js';
import { prepareSchema } from './schema.js';
import { stopOnSignals } from './shutdown.js';

/** Runs the service until it is told to stop. Who watches it is answered from before it has found its database. */
export async function serve(): Promise<void> {
  const config = AppConfig.load();
  const log = createLogger(config.LOG_LEVEL, process.stdout.isTTY);
  const health = new ServiceHealth();
  const management = await startManagement(health, config, log);
  try {
    const tracing = config.isTraced ? await trace(config, management.port, log) : null;
    const opened = await openBacking(config, log);
    try {
      await serveOn(opened, { health, tracing }, config, log);
    } catch (error) {
      await opened.close();
      throw error;
    }
  } catch (error) {
    await management.close();
    throw error;
  }
}

/** Who is told how the service does. */
interface Watchers {
  health: ServiceHealth;
  /** Null when traces are off; then nothing of them is loaded. */
  tracing: Tracing | null;
}

async function trace(config: AppConfig, managementPort: number, log: Logger): Promise<Tracing> {
  const { startTracing } = await import('../tracing/tracing.js');
  return startTracing(config, { version: packageVersion(), managementPort, log });
}

async function serveOn(
  { backing, secretsDir, close }: OpenBacking,
  { health, tracing }: Watchers,
  config: AppConfig,
  log: Logger,
): Promise<void> {
  await prepareSchema(config, backing, log);
  const app = await buildApp(config, backing, log);
  tracing?.attach(app);
  const closeAll = async (): Promise<void> => {
    await tracing?.close();
    await close();
  };
  stopOnSignals({ app, health, close: closeAll }, config, log);
  serveDocs(app);
  await app.init();
  const greeting = await welcome(app, secretsDir, config.bootstrapOnStart);
  await app.listen(config.PORT, config.HOST);
  const { port } = app.getHttpServer().address() as { port: number };
  log.info({ port }, 'listening');
  health.started(watched(app));
  app.get(KeyUpkeep).start();
  app.get(TokenCensus).start();
  await app.get(Retention).start();
  if (config.bootstrapOnStart) process.stdout.write(`${welcomeText(greeting, `http://localhost:${port}`)}\n`);
}

/** What the management server tells of the service. */
function watched(app: NestFastifyApplication): BuiltService {
  const readiness = app.get(Readiness);
  const metrics = app.get(Metrics);
  metrics.watchProcess(packageVersion());
  return {
    readiness: () => readiness.check(),
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
  };
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as { version: string };
  return version;
}
