import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import type { AppConfig } from '../config/app-config.js';
import type { ServiceHealth } from '../health/service-health.js';

const SWEEP_MS = 50;

/** What is to be stopped. */
interface Running {
  app: NestFastifyApplication;
  health: ServiceHealth;
  /** Ends what the service rests on. */
  close: () => Promise<void>;
}

/**
 * Stops on SIGTERM and SIGINT: readiness says no, and for a while everything goes on, until whoever sends traffic has
 * seen that; then no new connections, requests in flight finish, what was counted is written, and the database comes
 * last. A client that keeps its connection open is asked to close it, and idle ones are closed in the end, for they
 * would hold it up. A second signal ends at once.
 */
export function stopOnSignals(running: Running, config: AppConfig, log: Logger): void {
  let isStopping = false;
  const http = running.app.getHttpAdapter().getInstance();
  http.addHook('onSend', (_request, reply, payload, done) => {
    if (isStopping) void reply.header('connection', 'close');
    done(null, payload);
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isStopping) process.exit(1);
      isStopping = true;
      log.info(`stopping on ${signal}; another one ends at once`);
      stop(running, config).then(
        () => {
          log.info('stopped');
          process.exit(0);
        },
        (error: unknown) => {
          log.fatal({ err: error }, 'could not stop cleanly');
          process.exit(1);
        },
      );
    });
  }
}

async function stop({ app, health, close }: Running, { shutdownGrace, SHUTDOWN_TIMEOUT }: AppConfig): Promise<void> {
  health.drain();
  await sleep(shutdownGrace * 1000);
  const server: Server = app.getHttpServer();
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const deadline = setTimeout(() => server.closeAllConnections(), SHUTDOWN_TIMEOUT * 1000);
  await app.close();
  clearInterval(sweep);
  clearTimeout(deadline);
  await close();
}
