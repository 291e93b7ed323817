import type { Logger } from 'pino';
import type { AppConfig } from '../config/app-config.js';
import type { OpenBacking } from './backing.js';
import { welcome, welcomeText } from './first-start.js';
import { buildService, listen, orClose, startUpkeep, watched } from './service.js';
import { stopOnSignals } from './shutdown.js';
import type { Watchers } from './watchers.js';

/** Runs the service in this process. */
export async function serveAlone(
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
  if (config.bootstrapOnStart) process.stdout.write(`${welcomeText(greeting, config, port)}\n`);
}
