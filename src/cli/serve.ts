import cluster from 'node:cluster';
import { createLogger } from '../common/logger.js';
import { readTls } from '../common/http/tls.js';
import { AppConfig } from '../config/app-config.js';
import { startManagement } from '../health/management-server.js';
import { ServiceHealth } from '../health/service-health.js';
import { openBacking } from './backing.js';
import { tuneEngine } from './engine.js';
import { prepareSchema } from './schema.js';

/**
 * Runs the service until it is told to stop. Who watches it is answered from before it has found its database. Only the
 * process that needs the service's code loads it.
 */
export async function serve(): Promise<void> {
  tuneEngine();
  const config = AppConfig.load();
  const log = createLogger(config.LOG_LEVEL, process.stdout.isTTY);
  const hasWorkers = config.WORKERS > 1;
  if (hasWorkers && cluster.isWorker) return (await import('./serve-as-worker.js')).serveAsWorker(config, log);
  // Told before anything is opened.
  if (config.tlsFiles) readTls(config.tlsFiles);
  const health = new ServiceHealth();
  const management = await startManagement(health, config, log);
  try {
    const opened = await openBacking(config, log);
    try {
      await prepareSchema(config, opened.backing, log);
      const watchers = { health, managementPort: management.port };
      if (hasWorkers) await (await import('./serve-by-workers.js')).serveByWorkers(opened, watchers, config, log);
      else await (await import('./serve-alone.js')).serveAlone(opened, watchers, config, log);
    } catch (error) {
      await opened.close();
      throw error;
    }
  } catch (error) {
    await management.close();
    throw error;
  }
}
