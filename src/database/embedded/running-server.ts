import { answers } from './connection.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';
import type { Layout } from './layout.js';
import { isRunning } from './process-identity.js';
import { findOrphan, lastWords, launch, rotateLog, type Server, shutDown, shutDownAtExit } from './server.js';

/** A server that answers, and that ends with this process at the latest. */
export interface RunningServer {
  port: number;
  stop: () => Promise<void>;
}

/** Milliseconds for all attempts together. */
const START_TIMEOUT = 30_000;
const ATTEMPTS = 3;

/**
 * Takes over the server that an earlier run has left, or starts a new one. It takes more than one attempt where the
 * one that was left is just ending, or where somebody else takes the port that was free.
 */
export async function runServer(
  layout: Layout,
  postgres: string,
  settings: Record<string, string>,
  urlOf: (port: number) => string,
): Promise<RunningServer> {
  const deadline = Date.now() + START_TIMEOUT;
  let logStart = 0;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    let server = findOrphan(layout.dataDir);
    if (!server) {
      logStart = rotateLog(layout.logFile);
      server = await launch(layout, postgres, settings);
    }
    const running = await whenAnswering(server, urlOf(server.port), deadline);
    if (running) return running;
  }
  throw new EmbeddedPostgresError(
    `The embedded PostgreSQL ended as it started ("${lastWords(layout.logFile, logStart)}"): see ${layout.logFile}, or ` +
      'set DATABASE_URL to a PostgreSQL of yours.',
  );
}

async function whenAnswering(server: Server, url: string, deadline: number): Promise<RunningServer | undefined> {
  const removeHook = shutDownAtExit(server);
  const stop = async (): Promise<void> => {
    await shutDown(server);
    removeHook();
  };
  try {
    if (await answers(url, () => isRunning(server.process), deadline)) return { port: server.port, stop };
    removeHook();
    return undefined;
  } catch (error) {
    await stop();
    throw error;
  }
}
