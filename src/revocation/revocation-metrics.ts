import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Metrics } from '../common/metrics.js';
import { RevocationReader } from './revocation-reader.service.js';

/** Seconds. */
const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5];

/** Before the first read. */
const NEVER = Number.POSITIVE_INFINITY;

/** How far behind the revocation log this replica is. */
@Injectable()
export class RevocationMetrics {
  constructor(metrics: Metrics, reader: RevocationReader, clock: Clock) {
    const lag = metrics.histogram(
      'revocation_lag_seconds',
      'Time from a revocation to its effect here, at most: what a read found, the one before it could not see',
      [],
      BUCKETS,
    );
    reader.onEntries(() => {
      const since = reader.previousAsOf;
      const age = since ? clock.ageOf(since) / 1000 : NEVER;
      // Where a clock went back, nobody can tell.
      if (Number.isFinite(age)) lag.observe(age);
    });
    metrics.reading('feed_age_seconds', 'Age of what this replica knows of the revocation log', 'max', () =>
      reader.asOf ? clock.ageOf(reader.asOf) / 1000 : NEVER,
    );
    metrics.reading(
      'feed_trusted',
      '0 while the database may be an older state of itself: everything is refused',
      'min',
      () => Number(reader.isTrusted),
    );
  }
}
