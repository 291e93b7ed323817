import cluster from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { MergedMetrics } from '../common/merged-metrics.js';
import { Metrics } from '../common/metrics.js';
import type { AppConfig } from '../config/app-config.js';
import type { Backing } from '../config/backing.js';
import type { HealthCheck, MetricsText } from '../health/health-source.js';
import { worstOf } from '../health/worst-of.js';
import { deathsInARow, pauseAfter } from './restart-pause.js';
import { type WorkerEnd, WorkerProcess } from './worker-process.js';
import { WorkerStartError } from './worker-start-error.js';

const ENTRY = fileURLToPath(new URL('../main.js', import.meta.url));

/** Milliseconds that a worker has to write what it counted and to close its connections, once nobody asks any more. */
const CLOSING_MS = 5000;

/** Processes on one port, each a replica of the service. One ends, another takes its place. */
export class Workers {
  private readonly running = new Map<number, WorkerProcess>();
  private readonly merged = new MergedMetrics();
  private readonly own = new Metrics();
  private readonly stopping = new AbortController();

  constructor(
    private readonly config: AppConfig,
    private readonly backing: Backing,
    private readonly log: Logger,
  ) {
    this.own.reading(
      'ready',
      '1 for each check of readiness that holds',
      'min',
      () => ({
        workers: Number(this.started().length === this.count),
      }),
      'check',
    );
  }

  private get count(): number {
    return this.config.WORKERS;
  }

  /** Resolves with the port once all have started. The first shows whether any can: what is wrong is told once. */
  async start(): Promise<number> {
    // What is not finite gets lost in JSON.
    cluster.setupPrimary({ exec: ENTRY, args: [], serialization: 'advanced' });
    const port = await this.startFirstIn(1);
    await Promise.all(Array.from({ length: this.count - 1 }, (_, index) => this.startFirstIn(index + 2)));
    return port;
  }

  async readiness(): Promise<HealthCheck[]> {
    return worstOf(await Promise.all(this.started().map((worker) => worker.ask('readiness'))), this.count);
  }

  async metrics(): Promise<MetricsText> {
    const hear = async (worker: WorkerProcess): Promise<void> => {
      this.merged.hear(worker.number, await worker.ask('metrics'));
    };
    await Promise.all(this.started().map(hear));
    return { contentType: this.own.contentType, text: await this.merged.text(await this.own.snapshot()) };
  }

  /** Has all of them drain and end. One that is not done when it should long be hangs, and is ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const { shutdownGrace, SHUTDOWN_TIMEOUT } = this.config;
    const workers = [...this.running.values()];
    for (const worker of workers) worker.stop();
    const deadline = setTimeout(() => this.kill(), (shutdownGrace + SHUTDOWN_TIMEOUT) * 1000 + CLOSING_MS);
    const ends = await Promise.all(workers.map(({ ended }) => ended));
    clearTimeout(deadline);
    const isClean = workers.every(({ startedAt }, index) => startedAt === null || ends[index]?.code === 0);
    if (!isClean) throw new Error('Not every worker has stopped cleanly');
  }

  /** Ends all of them at once. */
  kill(): void {
    this.stopping.abort();
    for (const worker of this.running.values()) worker.kill();
  }

  private started(): WorkerProcess[] {
    return [...this.running.values()].filter(({ startedAt }) => startedAt !== null);
  }

  /** The first worker of a place: if it can't start, none ever could. */
  private async startFirstIn(number: number): Promise<number> {
    const worker = this.launch(number);
    const start = await Promise.race([worker.started, worker.ended]);
    // One that is told to stop before it has started is no failure; whoever stops has the last word.
    if (this.stopping.signal.aborted) return new Promise<never>(() => undefined);
    if (typeof start !== 'number') throw new WorkerStartError(number, start.code ?? 1);
    void this.keep(worker);
    return start;
  }

  private launch(number: number): WorkerProcess {
    const { databaseUrl, keyEncryptionKeys } = this.backing;
    const worker = WorkerProcess.start({ number, databaseUrl, keyEncryptionKeys });
    this.running.set(number, worker);
    this.log.info({ worker: number, pid: worker.pid }, 'worker begun');
    return worker;
  }

  /** Has another take the place of one that ends, until the stop. */
  private async keep(first: WorkerProcess): Promise<void> {
    let worker = first;
    for (let deaths = 0; ;) {
      const end = await worker.ended;
      this.running.delete(worker.number);
      this.merged.end(worker.number);
      if (this.stopping.signal.aborted) return;
      deaths = deathsInARow(deaths, worker.startedAt === null ? 0 : performance.now() - worker.startedAt);
      await this.pause(worker.number, end, pauseAfter(deaths));
      if (this.stopping.signal.aborted) return;
      worker = this.launch(worker.number);
    }
  }

  private async pause(number: number, end: WorkerEnd, milliseconds: number): Promise<void> {
    this.log.error({ worker: number, ...end, milliseconds }, 'worker ended; after a pause another takes its place');
    await sleep(milliseconds, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}
