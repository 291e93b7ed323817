import cluster from 'node:cluster';
import type { Logger } from 'pino';
import { createLogger } from '../common/logger.js';
import { AppConfig } from '../config/app-config.js';
import { startManagement } from '../health/management-server.js';
import { ServiceHealth } from '../health/service-health.js';
import { type OpenBacking, openBacking } from './backing.js';
import { welcome, welcomeText } from './first-start.js';
import { prepareSchema } from './schema.js';
import { buildService, listen, orClose, startUpkeep, watched } from './service.js';
import { stopOnSignals } from './shutdown.js';

/** Runs the service until it is told to stop. Who watches it is answered from before it has found its database. */
export async function serve(): Promise<void> {
  const config = AppConfig.load();
  const log = createLogger(config.LOG_LEVEL, process.stdout.isTTY);
  const hasWorkers = config.WORKERS > 1;
  if (hasWorkers && cluster.isWorker) return (await import('./serve-as-worker.js')).serveAsWorker(config, log);
  const health = new ServiceHealth();
  const management = await startManagement(health, config, log);
  try {
    const opened = await openBacking(config, log);
    try {
      await prepareSchema(config, opened.backing, log);
      if (hasWorkers) await (await import('./serve-by-workers.js')).serveByWorkers(opened, health, config, log);
      else await serveAlone(opened, { health, managementPort: management.port }, config, log);
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
  managementPort: number;
}

async function serveAlone(
  { backing, secretsDir, close }: OpenBacking,
  { health, managementPort }: Watchers,
  config: AppConfig,
  log: Logger,
): Promise<void> {
  const service = await buildService(config, backing, log, managementPort);
  const { app } = service;
  const stop = async (): Promise<void> => {
    health.drain();
    await service.drain();
    await close();
  };
  stopOnSignals(stop, log);
  const { greeting, port } = await orClose(service, async () => {
    await app.init();
    // In this order: nobody is let in before the first start is done.
    return {
      greeting: await welcome(app, secretsDir, config.bootstrapOnStart),
      port: await listen(app, config, log),
    };
  });
  const { readiness, metrics } = watched(app);
  health.started({
    readiness: () => readiness.check(),
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
  });
  await startUpkeep(app);
  if (config.bootstrapOnStart) process.stdout.write(`${welcomeText(greeting, port)}\n`);
}
