import { Injectable } from '@nestjs/common';
import { Metrics } from '../common/metrics.js';
import { Readiness } from './readiness.service.js';

/** Whether this replica is ready, for alerts: a probe's answer is seen by nobody but the one that asks. */
@Injectable()
export class ReadinessMetrics {
  constructor(metrics: Metrics, readiness: Readiness) {
    metrics.reading(
      'ready',
      '1 for each check of readiness that holds',
      'min',
      async () => {
        const checks = await readiness.check();
        return Object.fromEntries(checks.map(({ name, problem }) => [name, Number(problem === null)]));
      },
      'check',
    );
  }
}
