import type { Server } from 'node:http';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import type { AppConfig } from '../config/app-config.js';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

const SWEEP_MS = 50;

/**
 * Ends the process at once when it is told to stop, until it knows how to stop well. By default no signal ends the
 * first process of a container, so that one that still waits for its database would be there until it is killed.
 */
export function endOnSignals(): void {
  for (const signal of STOP_SIGNALS) process.on(signal, end);
}

const end = (signal: NodeJS.Signals): never => process.exit(128 + constants.signals[signal]);

/** Has signals stop the process in a way of its own from now on. */
export function onStopSignals(act: (signal: NodeJS.Signals) => void): void {
  for (const signal of STOP_SIGNALS) process.on(signal, act).off(signal, end);
}

/**
 * Stops on SIGTERM and SIGINT. A second signal ends at once, and before that whatever would otherwise stay behind.
 */
export function stopOnSignals(work: () => Promise<void>, log: Logger, endOthers = (): void => undefined): void {
  const stop = stopOnce(work, log);
  onStopSignals((signal) => {
    if (stop(`stopping on ${signal}; another one ends at once`)) return;
    endOthers();
    process.exit(1);
  });
}

/** Does the work of a stop once, and then ends the process. What it gives back tells whether this was the first call. */
export function stopOnce(work: () => Promise<void>, log: Logger): (why: string) => boolean {
  let isStopping = false;
  return (why) => {
    if (isStopping) return false;
    isStopping = true;
    log.info(why);
    work().then(
      () => {
        log.info('stopped');
        process.exit(0);
      },
      (error: unknown) => {
        log.fatal({ err: error }, 'could not stop cleanly');
        process.exit(1);
      },
    );
    return true;
  };
}

/**
 * How to close a service without a failed request: for a while everything goes on, until whoever sends traffic has seen
 * that readiness says no; then no new connections, requests in flight finish, and what was counted is written. A client
 * that keeps its connection open is asked to close it, and idle ones are closed in the end, for they would hold it up.
 */
export function drainer(
  app: NestFastifyApplication,
  { shutdownGrace, SHUTDOWN_TIMEOUT }: AppConfig,
): () => Promise<void> {
  let isStopping = false;
  const http = app.getHttpAdapter().getInstance();
  http.addHook('onSend', (_request, reply, payload, done) => {
    if (isStopping) void reply.header('connection', 'close');
    done(null, payload);
  });
  return async () => {
    isStopping = true;
    await sleep(shutdownGrace * 1000);
    const server: Server = app.getHttpServer();
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    const deadline = setTimeout(() => server.closeAllConnections(), SHUTDOWN_TIMEOUT * 1000);
    await app.close();
    clearInterval(sweep);
    clearTimeout(deadline);
  };
}
