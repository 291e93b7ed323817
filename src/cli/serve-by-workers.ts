import type { Logger } from 'pino';
import type { AppConfig } from '../config/app-config.js';
import type { Backing } from '../config/backing.js';
import type { OpenBacking } from './backing.js';
import { stopOnSignals } from './shutdown.js';
import type { Watchers } from './watchers.js';
import { Workers } from './workers.js';

/**
 * Runs the service in several processes. This one answers no request: it has what there must be one of, which is the
 * embedded database, the first start and the management port, and it ends last.
 */
export async function serveByWorkers(
  { backing, secretsDir, close }: OpenBacking,
  { health }: Watchers,
  config: AppConfig,
  log: Logger,
): Promise<void> {
  const workers = new Workers(config, backing, log);
  const stop = async (): Promise<void> => {
    health.drain();
    try {
      await workers.stop();
    } finally {
      await close();
    }
  };
  stopOnSignals(stop, log, () => workers.kill());
  const greet = config.bootstrapOnStart ? await firstStart(config, backing, secretsDir, log) : null;
  try {
    const port = await workers.start();
    health.started(workers);
    log.info({ workers: config.WORKERS, port }, 'all workers have started');
    if (greet) process.stdout.write(`${greet(port)}\n`);
  } catch (error) {
    workers.kill();
    throw error;
  }
}

/** Sets up an empty instance before anybody is let in, by a service that listens to nobody. Gives what to say then. */
async function firstStart(
  config: AppConfig,
  backing: Backing,
  secretsDir: string,
  log: Logger,
): Promise<(port: number) => string> {
  const [{ buildApp }, { welcome, welcomeText }] = await Promise.all([
    import('./build-app.js'),
    import('./first-start.js'),
  ]);
  const app = await buildApp(config, backing, log);
  try {
    await app.init();
    const greeting = await welcome(app, secretsDir, true);
    return (port) => welcomeText(greeting, config, port);
  } finally {
    await app.close();
  }
}
