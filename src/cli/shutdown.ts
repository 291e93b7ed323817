import type { Server } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';

const SWEEP_MS = 50;

/**
 * Stops on SIGTERM and SIGINT: no new connections, requests in flight finish, then the database. A client that keeps
 * its connection open is asked to close it, and idle ones are closed, for they would hold the end up.
 * A second signal ends at once.
 */
export function stopOnSignals(
  app: NestFastifyApplication,
  close: () => Promise<void>,
  timeoutSeconds: number,
  log: Logger,
): void {
  const server: Server = app.getHttpServer();
  let isStopping = false;
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onSend', (_request, reply, payload, done) => {
      if (isStopping) void reply.header('connection', 'close');
      done(null, payload);
    });
  const stop = async (signal: string): Promise<void> => {
    if (isStopping) process.exit(1);
    isStopping = true;
    log.info(`stopping on ${signal}`);
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    const deadline = setTimeout(() => server.closeAllConnections(), timeoutSeconds * 1000);
    await app.close();
    clearInterval(sweep);
    clearTimeout(deadline);
    await close();
    log.info('stopped');
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop(signal).catch((error: unknown) => {
        log.fatal({ err: error }, 'could not stop cleanly');
        process.exit(1);
      });
    });
  }
}
