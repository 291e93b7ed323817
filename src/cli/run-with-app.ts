import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createCommandLogger } from '../common/logger.js';
import { AppConfig } from '../config/app-config.js';
import { openBacking } from './backing.js';
import { buildApp } from './build-app.js';
import { prepareSchema } from './schema.js';

/**
 * Runs a command of the command line with the whole service behind it, which listens to nobody, and closes everything
 * afterwards. Standard output belongs to the command: the log is as quiet as it says, unless a level is set.
 */
export async function runWithApp(
  quietLevel: 'warn' | 'error' | 'silent',
  work: (app: NestFastifyApplication) => Promise<void>,
): Promise<void> {
  const config = AppConfig.load();
  const log = createCommandLogger(config.LOG_LEVEL === 'info' ? quietLevel : config.LOG_LEVEL);
  const { backing, close } = await openBacking(config, log);
  try {
    await prepareSchema(config, backing, log);
    const app = await buildApp(config, backing, log);
    try {
      await app.init();
      await work(app);
    } finally {
      await app.close();
    }
  } finally {
    await close();
  }
}
