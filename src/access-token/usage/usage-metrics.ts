import { Injectable } from '@nestjs/common';
import { Metrics } from '../../common/metrics.js';
import { TokenUsage } from './token-usage.service.js';

/** How far the counts of uses in the database are behind. */
@Injectable()
export class UsageMetrics {
  constructor(metrics: Metrics, usage: TokenUsage) {
    metrics.reading(
      'usage_flush_lag_seconds',
      'How long the oldest use has waited to be written',
      'max',
      () => usage.waiting.seconds,
    );
    metrics.reading(
      'usage_waiting_tokens',
      'Tokens with uses that are yet to be written',
      'sum',
      () => usage.waiting.tokens,
    );
  }
}
