import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { RETENTION_LOCK } from '../database/advisory-locks.js';
import { InjectBackgroundDataSource } from '../database/background-data-source.js';
import { inTransaction } from '../database/transaction.js';
import { APPEND_ONLY_CLEAN_UPS, CLEAN_UPS, type CleanUp, type Cutoffs } from './clean-ups.js';
import { mayRemove, RetentionDatabase } from './retention-database.js';
import { RetentionMetrics } from './retention-metrics.js';

/** The second half of the lock's key is the kind of row: one replica at a time removes a batch of it. */
const TRY_LOCK = 'SELECT pg_try_advisory_xact_lock($1, hashtext($2)) AS "isMine"';

const INTERVAL_MS = 60_000;

/** A batch is followed by a pause that is so many times as long: three quarters of the time belong to others. */
const PAUSE_RATIO = 3;
const LEAST_PAUSE_MS = 20;

const MAX_BATCHES = 200;

/** Clocks may differ, and verifiers may be behind, by no more than this. */
const MARGIN_MS = 300_000;

/** A replica that has not been seen for so long is gone. */
const GONE_MS = 3_600_000;

/** The replica that has not been seen for the longest time, and where the log begins to say something. */
const BOUNDS = `
  SELECT (SELECT min(beat_at) FROM replica WHERE beat_at > $1) AS oldest,
    (SELECT sequence FROM epoch WHERE scope = 'instance' AND key = '*') AS "firstEntry"`;

/** How many rows of each kind a run removed. */
export type Removed = Record<string, number>;

/**
 * Removes what has ended long enough ago, in small batches with pauses between them, so that traffic doesn't wait.
 * Nothing that leaves is missed by a judgement: a token without a row is refused as one with a row that says so.
 */
@Injectable()
export class Retention implements OnModuleDestroy {
  private readonly log = new Logger(Retention.name);
  private readonly told = new Set<string>();
  private timer?: NodeJS.Timeout;
  private running: Promise<Removed> | null = null;
  private isStopping = false;

  constructor(
    @InjectBackgroundDataSource() private readonly dataSource: DataSource,
    private readonly retentionDatabase: RetentionDatabase,
    private readonly clock: Clock,
    private readonly config: AppConfig,
    private readonly metrics: RetentionMetrics,
  ) {}

  /** Runs about once a minute from now on, and says what this instance can't remove. */
  async start(): Promise<void> {
    this.schedule();
    await this.attempt('what is append-only', () =>
      this.retentionDatabase.use(async (db) => {
        for (const cleanUp of APPEND_ONLY_CLEAN_UPS) await this.isAllowed(db, cleanUp);
      }),
    );
  }

  /** A batch that is under way ends first. */
  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /** Removes what may leave now. Never fails: what could not be removed is told in the log, and tried the next time. */
  async run(): Promise<Removed> {
    this.running ??= this.runOnce().finally(() => (this.running = null));
    return this.running;
  }

  /** Replicas that started together don't stay together. */
  private schedule(): void {
    const run = async (): Promise<void> => {
      await this.run();
      if (!this.isStopping) this.schedule();
    };
    this.timer = setTimeout(() => void run(), INTERVAL_MS * (0.5 + Math.random())).unref();
  }

  private async runOnce(): Promise<Removed> {
    const removed: Removed = {};
    await this.attempt('records', async () => {
      const cutoffs = await this.cutoffs();
      for (const cleanUp of CLEAN_UPS) await this.clean(this.dataSource, cleanUp, cutoffs, removed);
      await this.retentionDatabase.use(async (db) => {
        for (const cleanUp of APPEND_ONLY_CLEAN_UPS) {
          if (await this.isAllowed(db, cleanUp)) await this.clean(db, cleanUp, cutoffs, removed);
        }
      });
    });
    this.metrics.lastRun.setToCurrentTime();
    return removed;
  }

  private async cutoffs(): Promise<Cutoffs> {
    const now = this.clock.now();
    const before = (milliseconds: number): Date => new Date(now.getTime() - milliseconds);
    const beats = before(GONE_MS);
    const [row]: { oldest: Date | null; firstEntry: string | null }[] = await this.dataSource.query(BOUNDS, [beats]);
    // A replica that stood still for a while has yet to read what was written meanwhile.
    const entries = row?.oldest && row.oldest < now ? row.oldest : now;
    return {
      now,
      records: before(Math.max(this.config.TOKEN_RECORD_RETENTION * 1000, MARGIN_MS)),
      entries,
      firstEntry: row?.firstEntry ?? '0',
      audit: before(this.config.AUDIT_RETENTION * 1000),
      beats,
    };
  }

  private async clean(db: DataSource, cleanUp: CleanUp, cutoffs: Cutoffs, removed: Removed): Promise<void> {
    await this.attempt(cleanUp.name, async () => {
      for (let batches = 0; batches < MAX_BATCHES && !this.isStopping; batches += 1) {
        const startedAt = this.clock.monotonic();
        const count = await this.removeBatch(db, cleanUp, cutoffs);
        removed[cleanUp.name] = (removed[cleanUp.name] ?? 0) + (count ?? 0);
        this.metrics.removed.inc({ kind: cleanUp.name }, count ?? 0);
        if (count === null || count < cleanUp.size) return;
        await sleep(Math.max(LEAST_PAUSE_MS, PAUSE_RATIO * (this.clock.monotonic() - startedAt)));
      }
    });
  }

  private async isAllowed(db: DataSource, { name }: CleanUp): Promise<boolean> {
    if (await mayRemove(db, name)) return true;
    if (!this.told.has(name))
      this.log.warn(`"${name}" is not cleaned up: the role of the database may not delete there`);
    this.told.add(name);
    return false;
  }

  /** What fails for one kind of row keeps no other from leaving. */
  private async attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const { name, code = '' } = error as Error & { code?: string };
      this.metrics.failed.inc({ kind: what });
      this.log.warn(`clean-up of ${what} failed: ${name} ${code}`);
    }
  }
  /**
   * One short transaction; the lock ends with it, whatever becomes of the process. Null when another replica is at rows
   * of that kind: then this one leaves them to the other.
   */
  private async removeBatch(db: DataSource, cleanUp: CleanUp, cutoffs: Cutoffs): Promise<number | null> {
    return inTransaction(db, async (tx) => {
      await this.retentionDatabase.verify(tx);
      const [lock]: { isMine: boolean }[] = await tx.query(TRY_LOCK, [RETENTION_LOCK, cleanUp.name]);
      return lock?.isMine ? cleanUp.removeBatch(tx, cutoffs, cleanUp.size) : null;
    });
  }
}
