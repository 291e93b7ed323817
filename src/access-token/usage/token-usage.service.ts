import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { InjectBackgroundDataSource } from '../../database/background-data-source.js';
import { arrayOf } from '../../database/prepared.js';
import { AccessTokenMetrics } from '../access-token-metrics.js';

const FLUSH_MS = 1000;

/** Tokens that wait at which a flush comes early. */
const MANY = 5000;

/** Tokens that are remembered at most, those being written included. */
const MAX_TOKENS = 50_000;

const MAX_PER_STATEMENT = 500;

/**
 * Adds to the counts and moves the last use forward, never back. Uses of a token whose row has left count for nothing;
 * should it leave in this very moment, a row stays behind that nobody reads. Every replica takes the rows in the order of
 * their ids, so no two wait for each other.
 */
const MERGE = `
  INSERT INTO access_token_usage AS known (token_id, num_uses, last_used_at, last_used_from)
  SELECT n.token_id, n.num_uses, to_timestamp(n.last_used_at / 1000), n.last_used_from
  FROM unnest($1::uuid[], $2::bigint[], $3::float8[], $4::inet[])
    AS n (token_id, num_uses, last_used_at, last_used_from)
  JOIN access_token t ON t.id = n.token_id
  ORDER BY n.token_id
  ON CONFLICT ON CONSTRAINT pk_access_token_usage DO UPDATE SET
    num_uses = known.num_uses + excluded.num_uses,
    last_used_from = CASE WHEN excluded.last_used_at >= known.last_used_at
      THEN excluded.last_used_from ELSE known.last_used_from END,
    last_used_at = greatest(known.last_used_at, excluded.last_used_at)`;

/** What was seen of one token since the last flush. */
interface Usage {
  tokenId: string;
  count: number;
  /** Milliseconds since 1970. */
  lastAt: number;
  lastFrom: string | null;
}

/**
 * Counts the uses of tokens and remembers the last one, in memory, and merges that into PostgreSQL about once a second
 * and at a clean stop. A process that is killed loses what it had not merged yet: at most that second. A merge whose
 * answer is lost counts again. The uses of limited tokens are counted exactly, elsewhere.
 */
@Injectable()
export class TokenUsage implements OnModuleInit, OnApplicationShutdown {
  private readonly log = new Logger(TokenUsage.name);
  private pending = new Map<string, Usage>();
  /** When the oldest use was noted that waits, on the monotonic clock; null when none does. */
  private waitingSince: number | null = null;
  /** When the oldest of the uses was noted that are being written; null when none are. */
  private writingSince: number | null = null;
  private numWriting = 0;
  private numDropped = 0;
  private flushing: Promise<void> | null = null;
  private timer?: NodeJS.Timeout;

  constructor(
    @InjectBackgroundDataSource() private readonly dataSource: DataSource,
    private readonly metrics: AccessTokenMetrics,
  ) {}

  onModuleInit(): void {
    this.timer = setInterval(() => this.flushUnlessBusy(), FLUSH_MS).unref();
  }

  /** By now the last request has been answered, and the pool is still open. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  /** Takes note of a use. */
  note(tokenId: string, at: Date, address: string | null): void {
    this.metrics.uses.inc();
    this.waitingSince ??= performance.now();
    const usage = { tokenId, count: 1, lastAt: at.getTime(), lastFrom: address };
    const known = this.pending.get(tokenId);
    if (known) {
      merge(known, usage);
    } else if (this.pending.size + this.numWriting < MAX_TOKENS) {
      this.pending.set(tokenId, usage);
      if (this.pending.size === MANY) this.flushUnlessBusy();
    } else {
      this.numDropped += 1;
      this.metrics.usesDropped.inc();
    }
  }

  /** Tokens whose uses are yet to be written, and for how many seconds the oldest of them has waited. */
  get waiting(): { tokens: number; seconds: number } {
    const tokens = this.pending.size + this.numWriting;
    const since = this.writingSince ?? this.waitingSince;
    return { tokens, seconds: since === null ? 0 : (performance.now() - since) / 1000 };
  }

  /** Writes everything that was noted before the call. What can't be written now is kept for the next flush. */
  async flush(): Promise<void> {
    while (this.flushing) await this.flushing;
    this.flushing = this.writeAll().finally(() => (this.flushing = null));
    return this.flushing;
  }

  /** While the database is away, flushes don't queue up. */
  private flushUnlessBusy(): void {
    if (!this.flushing) void this.flush();
  }

  private async writeAll(): Promise<void> {
    const batch = [...this.pending.values()];
    this.pending = new Map();
    this.numWriting = batch.length;
    [this.writingSince, this.waitingSince] = [this.waitingSince, null];
    try {
      while (batch.length > 0) {
        await this.write(batch.slice(0, MAX_PER_STATEMENT));
        this.numWriting -= batch.splice(0, MAX_PER_STATEMENT).length;
      }
    } catch (error) {
      this.log.warn(`uses of ${batch.length} tokens are yet to be written: ${(error as Error).name}`);
    }
    this.numWriting = 0;
    if (batch.length > 0) this.waitingSince = this.writingSince;
    this.writingSince = null;
    for (const usage of batch) this.putBack(usage);
    this.tellDropped();
  }

  private async write(batch: readonly Usage[]): Promise<void> {
    const parameters = [
      arrayOf(batch.map(({ tokenId }) => tokenId)),
      arrayOf(batch.map(({ count }) => count)),
      arrayOf(batch.map(({ lastAt }) => lastAt)),
      arrayOf(batch.map(({ lastFrom }) => lastFrom)),
    ];
    await this.dataSource.manager.query(MERGE, parameters);
  }

  private putBack(usage: Usage): void {
    const since = this.pending.get(usage.tokenId);
    if (since) merge(since, usage);
    else this.pending.set(usage.tokenId, usage);
  }

  private tellDropped(): void {
    if (this.numDropped > 0) this.log.warn(`${this.numDropped} uses went uncounted: too many tokens at a time`);
    this.numDropped = 0;
  }
}

function merge(usage: Usage, other: Usage): void {
  usage.count += other.count;
  if (other.lastAt < usage.lastAt) return;
  usage.lastAt = other.lastAt;
  usage.lastFrom = other.lastFrom;
}
