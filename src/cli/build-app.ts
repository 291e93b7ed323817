import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { AppModule } from '../app.module.js';
import { createAdapter, placeRoutes, serveHotRoutes, setUpApp } from '../app.setup.js';
import { NestLogger } from '../common/logger.js';
import type { AppConfig } from '../config/app-config.js';
import type { Backing } from '../config/backing.js';

/** The service, built but not listening. A preview is only its outline: nothing is connected or made. */
export async function buildApp(
  config: AppConfig,
  backing: Backing,
  log: Logger,
  { preview = false } = {},
): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(config, backing),
    createAdapter(config, log),
    {
      logger: new NestLogger(log),
      bodyParser: false,
      abortOnError: false,
      preview,
    },
  );
  return preview ? placeRoutes(app) : serveHotRoutes(setUpApp(app, config, log), log);
}
