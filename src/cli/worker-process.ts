import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answers, FromWorker, ToWorker, WorkerOrders } from './worker-messages.js';

/** Milliseconds; a worker asks its database for less, and a probe waits hardly longer. */
const PATIENCE_MS = 1000;

/** How a process ended: by itself, or by a signal. */
export interface WorkerEnd {
  code: number | null;
  signal: string | null;
}

/** A worker as the primary sees it. */
export class WorkerProcess {
  readonly number: number;
  readonly ended: Promise<WorkerEnd>;
  /** Resolves with its port once it listens; never, if it doesn't come to that. */
  readonly started: Promise<number>;
  /** On the clock of `performance.now()`; null until it has started. */
  startedAt: number | null = null;
  private isHere = false;
  private questions = 0;
  private readonly open = new Map<number, (answer: Answers[keyof Answers]) => void>();

  private constructor(
    private readonly worker: Worker,
    private readonly orders: WorkerOrders,
  ) {
    this.number = orders.number;
    this.ended = new Promise((resolve) => {
      worker.once('exit', (code: number | null, signal: string | null) => resolve({ code, signal }));
      // One that could not be made has no exit; of any other, an error tells of a message that came too late.
      worker.on('error', () => worker.process.pid === undefined && resolve({ code: 1, signal: null }));
    });
    this.started = new Promise((resolve) => {
      worker.on('message', (message: FromWorker) => this.take(message, resolve));
    });
  }

  static start(orders: WorkerOrders): WorkerProcess {
    return new WorkerProcess(cluster.fork(), orders);
  }

  get pid(): number | undefined {
    return this.worker.process.pid;
  }

  /** Null when it doesn't answer in time. */
  async ask<A extends keyof Answers>(about: A): Promise<Answers[A] | null> {
    const question = (this.questions += 1);
    const answer = new Promise<Answers[A]>((resolve) => {
      this.open.set(question, resolve as (answer: Answers[keyof Answers]) => void);
    });
    this.send({ kind: 'tell', question, about });
    const given = await Promise.race([answer, this.ended.then(() => null), sleep(PATIENCE_MS, null, { ref: false })]);
    this.open.delete(question);
    return given;
  }

  /** Has it drain and end. One that has not started has nothing to drain. */
  stop(): void {
    if (this.isHere) this.send({ kind: 'stop' });
    else this.kill();
  }

  /** Ends it at once. */
  kill(): void {
    this.worker.process.kill('SIGKILL');
  }

  private take(message: FromWorker, started: (port: number) => void): void {
    if (message.kind === 'here') {
      this.isHere = true;
      this.send({ kind: 'serve', orders: this.orders });
    } else if (message.kind === 'started') {
      this.startedAt = performance.now();
      started(message.port);
    } else {
      this.open.get(message.question)?.(message.answer);
    }
  }

  /** One that has gone needs no message any more. */
  private send(message: ToWorker): void {
    if (this.worker.isConnected()) this.worker.send(message, () => undefined);
  }
}
