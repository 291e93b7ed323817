import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type { Gauge } from 'prom-client';
import { DataSource } from 'typeorm';
import { Clock } from '../common/clock.js';
import { Metrics } from '../common/metrics.js';

const INTERVAL_MS = 60_000;

/** More than so many are not counted: the metric then says this number. */
const MOST = 10_000;

const HOUR_MS = 3_600_000;

/** Milliseconds ahead, each counted from now. */
const HORIZONS = { '1h': HOUR_MS, '1d': 24 * HOUR_MS, '7d': 7 * 24 * HOUR_MS, '30d': 30 * 24 * HOUR_MS };

/** Reads a bounded piece of one index, whatever the table holds. */
const EXPIRING = `
  SELECT count(*) FILTER (WHERE revoked_at IS NULL)::int AS count FROM (
    SELECT revoked_at FROM access_token WHERE expires_at > $1 AND expires_at <= $2 ORDER BY expires_at LIMIT ${MOST}) t`;

/** What the planner would expect; it looks at the statistics that ANALYZE left, and at no row. */
const STATES = {
  live: 'expires_at > $1 AND revoked_at IS NULL',
  revoked: 'expires_at > $1 AND revoked_at IS NOT NULL',
  expired: 'expires_at <= $1',
};

interface Estimate {
  'QUERY PLAN': { Plan: { 'Plan Rows': number } }[];
}

/** Counts tokens once a minute, at a cost that doesn't grow with them. */
@Injectable()
export class TokenCensus implements OnModuleDestroy {
  private readonly log = new Logger(TokenCensus.name);
  private readonly expiring: Gauge<'within'>;
  private readonly estimated: Gauge<'state'>;
  private timer?: NodeJS.Timeout;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    this.expiring = metrics.gauge('tokens_expiring', `Tokens that expire soon; ${MOST} means as many or more`, 'max', [
      'within',
    ]);
    this.estimated = metrics.gauge(
      'tokens_estimated',
      'Tokens by state, as the statistics of the database have it',
      'max',
      ['state'],
    );
  }

  /** From now on, counts by itself. For a service that runs; tests call `take`. */
  start(): void {
    this.timer ??= setInterval(() => this.tick(), INTERVAL_MS).unref();
    this.tick();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  async take(): Promise<void> {
    const now = this.clock.now();
    for (const [within, milliseconds] of Object.entries(HORIZONS)) {
      const until = new Date(now.getTime() + milliseconds);
      const [row]: { count: number }[] = await this.dataSource.query(EXPIRING, [now, until]);
      this.expiring.set({ within }, row?.count ?? 0);
    }
    for (const [state, condition] of Object.entries(STATES)) {
      const plan: Estimate[] = await this.dataSource.query(
        `EXPLAIN (FORMAT JSON) SELECT FROM access_token WHERE ${condition}`,
        [now],
      );
      this.estimated.set({ state }, plan[0]?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0);
    }
  }

  /** A count that can't be taken now is taken the next time. */
  private tick(): void {
    this.running = this.take().catch((error: unknown) => {
      this.log.warn(`tokens could not be counted: ${(error as Error).name}`);
    });
  }
}
