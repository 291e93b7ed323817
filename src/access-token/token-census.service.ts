import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type { Gauge } from 'prom-client';
import { DataSource } from 'typeorm';
import { Clock } from '../common/clock.js';
import { Metrics } from '../common/metrics.js';
import { Periodic } from '../common/periodic.js';
import { InjectBackgroundDataSource } from '../database/background-data-source.js';

const INTERVAL_MS = 60_000;

/** Rows of a horizon that are read. Where there are more, they are estimated. */
const MOST = 10_000;

const HOUR_MS = 3_600_000;

/** Milliseconds ahead, each counted from now. */
const HORIZONS = { '1h': HOUR_MS, '1d': 24 * HOUR_MS, '7d': 7 * 24 * HOUR_MS, '30d': 30 * 24 * HOUR_MS };

const EXPIRE = 'expires_at > $1 AND expires_at <= $2';

/** Reads a bounded piece of one index, whatever the table holds. */
const EXPIRING = `
  SELECT count(*) FILTER (WHERE revoked_at IS NULL)::int AS count, count(*)::int AS read FROM (
    SELECT revoked_at FROM access_token WHERE ${EXPIRE} ORDER BY expires_at LIMIT ${MOST}) t`;

/** Conditions of tokens, for the planner. */
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
  private readonly periodic = new Periodic(
    INTERVAL_MS,
    async () => this.take(),
    ({ name }) => this.log.warn(`tokens could not be counted: ${name}`),
  );

  constructor(
    @InjectBackgroundDataSource() private readonly dataSource: DataSource,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    this.expiring = metrics.gauge(
      'tokens_expiring',
      `Tokens that expire soon; an estimate where they are ${MOST} or more`,
      'max',
      ['within'],
    );
    this.estimated = metrics.gauge(
      'tokens_estimated',
      'Tokens by state, as the statistics of the database have it',
      'max',
      ['state'],
    );
  }

  /** From now on, counts by itself. For a service that runs; tests call `take`. */
  start(): void {
    this.periodic.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.periodic.stop();
  }

  async take(): Promise<void> {
    const now = this.clock.now();
    for (const [within, milliseconds] of Object.entries(HORIZONS)) {
      this.expiring.set({ within }, await this.expiringUntil(now, new Date(now.getTime() + milliseconds)));
    }
    for (const [state, condition] of Object.entries(STATES)) {
      this.estimated.set({ state }, await this.estimate(condition, now));
    }
  }

  private async expiringUntil(now: Date, until: Date): Promise<number> {
    const [row]: { count: number; read: number }[] = await this.dataSource.query(EXPIRING, [now, until]);
    if (!row || row.read < MOST) return row?.count ?? 0;
    return Math.max(row.count, await this.estimate(`${EXPIRE} AND revoked_at IS NULL`, now, until));
  }

  /** What the planner would expect; it looks at the statistics that ANALYZE left, and at no row. */
  private async estimate(condition: string, ...values: Date[]): Promise<number> {
    const statement = `EXPLAIN (FORMAT JSON) SELECT FROM access_token WHERE ${condition}`;
    const plan: Estimate[] = await this.dataSource.query(statement, values);
    return plan[0]?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0;
  }
}
