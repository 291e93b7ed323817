import { Injectable } from '@nestjs/common';
import type { Counter, Gauge } from 'prom-client';
import { Metrics } from '../common/metrics.js';

/** What is counted of the clean-up. */
@Injectable()
export class RetentionMetrics {
  readonly removed: Counter<'kind'>;
  readonly failed: Counter<'kind'>;
  readonly lastRun: Gauge;

  constructor(metrics: Metrics) {
    this.removed = metrics.counter('cleanup_removed_total', 'Rows that this replica removed', ['kind']);
    this.failed = metrics.counter('cleanup_failures_total', 'Clean-ups of this replica that failed', ['kind']);
    this.lastRun = metrics.gauge(
      'cleanup_last_run_timestamp_seconds',
      'When this replica last came to the end of a run',
      'max',
    );
  }
}
