import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { KeyUpkeep } from '../access-token/signing-key/key-upkeep.service.js';
import { TokenCensus } from '../access-token/token-census.service.js';
import { serveDocs } from '../app.openapi.js';
import { PortError } from '../common/errors/port-error.js';
import { Metrics } from '../common/metrics.js';
import type { AppConfig } from '../config/app-config.js';
import type { Backing } from '../config/backing.js';
import { Readiness } from '../health/readiness.service.js';
import { Retention } from '../retention/retention.service.js';
import type { Tracing } from '../tracing/tracing.js';
import { buildApp } from './build-app.js';
import { drainer } from './shutdown.js';
import { packageVersion } from './version.js';

/** The service of this process, from before it listens to its end. */
export interface Service {
  app: NestFastifyApplication;
  /** Goes on serving for a while, then ends what runs here; what the service rests on stays. */
  drain: () => Promise<void>;
}

/** Builds it, traced where traces are on. `managementPort` is the one of this process, if it has one. */
export async function buildService(
  config: AppConfig,
  backing: Backing,
  log: Logger,
  managementPort: number | null,
): Promise<Service> {
  const tracing = config.isTraced ? await trace(config, managementPort, log) : null;
  const app = await buildApp(config, backing, log);
  tracing?.attach(app);
  const close = drainer(app, config);
  const drain = async (): Promise<void> => {
    await close();
    await tracing?.close();
  };
  if (config.DOCS_ENABLED) serveDocs(app);
  return { app, drain };
}

/** Where traces are off, nothing of them is loaded. */
async function trace(config: AppConfig, managementPort: number | null, log: Logger): Promise<Tracing> {
  const { startTracing } = await import('../tracing/tracing.js');
  return startTracing(config, { version: packageVersion(), managementPort, log });
}

/** Lets callers in. Resolves with the port. */
export async function listen(app: NestFastifyApplication, { PORT, HOST }: AppConfig, log: Logger): Promise<number> {
  await app.listen(PORT, HOST).catch((error: unknown) => {
    throw PortError.of('PORT', PORT, error);
  });
  const { port } = app.getHttpServer().address() as { port: number };
  log.info({ port }, 'listening');
  app.get(Metrics).watchProcess(packageVersion());
  return port;
}

/** Opens a service by this work; if that fails, closes it, for its connections would keep the process. */
export async function orClose<T>({ app }: Service, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await app.close();
    throw error;
  }
}

/** What goes on beside the requests. */
export async function startUpkeep(app: NestFastifyApplication): Promise<void> {
  app.get(KeyUpkeep).start();
  app.get(TokenCensus).start();
  await app.get(Retention).start();
}

/** What those ask who watch the service. */
export const watched = (app: NestFastifyApplication): { readiness: Readiness; metrics: Metrics } => ({
  readiness: app.get(Readiness),
  metrics: app.get(Metrics),
});
