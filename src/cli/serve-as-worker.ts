import cluster from 'node:cluster';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import type { AppConfig } from '../config/app-config.js';
import { Backing } from '../config/backing.js';
import { buildService, listen, orClose, startUpkeep, watched } from './service.js';
import { onStopSignals, stopOnce } from './shutdown.js';
import type { Answers, FromWorker, ToWorker, WorkerOrders } from './worker-messages.js';

/** Serves what the primary says, until that one says stop or is no more. */
export async function serveAsWorker(config: AppConfig, log: Logger): Promise<void> {
  try {
    await serveOrders(await ordersOfPrimary(), config, log);
  } catch (error) {
    // The channel would keep the process, whose status tells the primary.
    cluster.worker?.disconnect();
    throw error;
  }
}

function ordersOfPrimary(): Promise<WorkerOrders> {
  return new Promise((resolve) => {
    onMessage('serve', ({ orders }) => resolve(orders));
    send({ kind: 'here' });
  });
}

async function serveOrders(orders: WorkerOrders, config: AppConfig, plainLog: Logger): Promise<void> {
  const log = plainLog.child({ worker: orders.number });
  const backing = new Backing(orders.databaseUrl, orders.keyEncryptionKeys);
  const building = buildService(config, backing, log, null);
  stopWhenTold(async () => (await building).drain(), log);
  const service = await building;
  const { app } = service;
  onMessage('tell', ({ question, about }) => {
    answer(app, question, about).catch((error: unknown) => log.warn({ err: error }, `no ${about} could be told`));
  });
  const port = await orClose(service, () => listen(app, config, log));
  send({ kind: 'started', port });
  await startUpkeep(app);
}

/**
 * A terminal signals every process of its group, and so do some supervisors: the primary hears it too, and it alone
 * takes a second signal for more than the first.
 */
function stopWhenTold(drain: () => Promise<void>, log: Logger): void {
  const stop = stopOnce(drain, log);
  onStopSignals((signal) => stop(`stopping on ${signal}`));
  onMessage('stop', () => stop('stopping with the primary'));
}

async function answer(app: NestFastifyApplication, question: number, about: keyof Answers): Promise<void> {
  const { readiness, metrics } = watched(app);
  send({ kind: 'told', question, answer: await (about === 'readiness' ? readiness.check() : metrics.snapshot()) });
}

function onMessage<K extends ToWorker['kind']>(kind: K, act: (message: Extract<ToWorker, { kind: K }>) => void): void {
  process.on('message', (message: ToWorker) => {
    if (message.kind === kind) act(message as Extract<ToWorker, { kind: K }>);
  });
}

/** Where the primary is no more, this process is about to end. */
function send(message: FromWorker): void {
  process.send?.(message, () => undefined);
}
