import type { Logger } from 'pino';
import type { AppConfig } from '../config/app-config.js';
import type { Backing } from '../config/backing.js';
import type { ServiceHealth } from '../health/service-health.js';
import type { OpenBacking } from './backing.js';
import { buildApp } from './build-app.js';
import { type Welcome, welcome, welcomeText } from './first-start.js';
import { stopOnSignals } from './shutdown.js';
import { Workers } from './workers.js';

/**
 * Runs the service in several processes. This one answers no request: it has what there must be one of, which is the
 * embedded database, the first start and the management port, and it ends last.
 */
export async function serveByWorkers(
  { backing, secretsDir, close }: OpenBacking,
  health: ServiceHealth,
  config: AppConfig,
  log: Logger,
): Promise<void> {
  const workers = new Workers(config.WORKERS, backing, log);
  const stop = async (): Promise<void> => {
    health.drain();
    try {
      await workers.stop();
    } finally {
      await close();
    }
  };
  stopOnSignals(stop, log, () => workers.kill());
  const greeting = config.bootstrapOnStart ? await firstStart(config, backing, secretsDir, log) : null;
  try {
    const port = await workers.start();
    health.started(workers);
    log.info({ workers: config.WORKERS, port }, 'all workers have started');
    if (greeting) process.stdout.write(`${welcomeText(greeting, port)}\n`);
  } catch (error) {
    workers.kill();
    throw error;
  }
}

/** Sets up an empty instance before anybody is let in, by a service that listens to nobody. */
async function firstStart(config: AppConfig, backing: Backing, secretsDir: string, log: Logger): Promise<Welcome> {
  const app = await buildApp(config, backing, log);
  try {
    await app.init();
    return await welcome(app, secretsDir, true);
  } finally {
    await app.close();
  }
}
