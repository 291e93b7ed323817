import { Logger } from '@nestjs/common';
import type { Clock } from '../common/clock.js';

/** Milliseconds between reads that nobody asked for. */
const INTERVAL_MS = 200;

/** Hints bring a read forward to so many milliseconds after the one before: many revocations share one. */
const HINTED_INTERVAL_MS = 10;

/** When the revocation log is read: one read at a time, in short intervals, and sooner where there is a reason. */
export class ReadTurns {
  private readonly log = new Logger(ReadTurns.name);
  private isFailing = false;
  private running: Promise<void> | null = null;
  private following: Promise<void> | null = null;
  private timer: NodeJS.Timeout | undefined;
  /** When the timer goes off, on the monotonic clock. */
  private due = Number.POSITIVE_INFINITY;
  private startedAt = Number.NEGATIVE_INFINITY;
  private isStopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly readOnce: () => Promise<void>,
  ) {}

  /** Makes the first read, which must not fail, and goes on by itself. */
  async begin(): Promise<void> {
    await this.read();
    this.schedule(INTERVAL_MS);
  }

  /** A read that is under way ends first. */
  async end(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await (this.following ?? this.running)?.catch(() => undefined);
  }

  /** There is something to read. */
  hasten(): void {
    this.schedule(HINTED_INTERVAL_MS);
  }

  /** Resolves when a read that was sent after this call has been applied; callers share it. */
  read(): Promise<void> {
    this.following ??= this.start();
    return this.following;
  }

  /** One read at a time, and no more of them than hints could ask for: each is a commit. */
  private async start(): Promise<void> {
    await this.running?.catch(() => undefined);
    const wait = this.startedAt + HINTED_INTERVAL_MS - this.clock.monotonic();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    this.following = null;
    this.startedAt = this.clock.monotonic();
    this.running = this.readOnce().finally(() => (this.running = null));
    await this.running;
  }

  /** Has the next read begin no later than so many milliseconds after the last one began. */
  private schedule(interval: number): void {
    const due = this.startedAt + interval;
    if (this.isStopped || due >= this.due) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(() => void this.readInTurn(), Math.max(0, due - this.clock.monotonic())).unref();
  }

  private async readInTurn(): Promise<void> {
    this.due = Number.POSITIVE_INFINITY;
    try {
      await this.read();
      if (this.isFailing) this.log.warn('The revocation log is read again');
      this.isFailing = false;
    } catch (error) {
      if (!this.isFailing) this.log.error('The revocation log could not be read', String(error));
      this.isFailing = true;
    }
    this.schedule(INTERVAL_MS);
  }
}
