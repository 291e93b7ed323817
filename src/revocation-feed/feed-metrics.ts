import { Injectable } from '@nestjs/common';
import { Metrics } from '../common/metrics.js';
import { RevocationStreams } from './revocation-streams.service.js';

/** Who follows the revocations here. */
@Injectable()
export class FeedMetrics {
  constructor(metrics: Metrics, streams: RevocationStreams) {
    metrics.reading('feed_followers', 'Streams of revocations that are open', 'sum', () => streams.count);
  }
}
