import { Module } from '@nestjs/common';
import { FeedMetrics } from './feed-metrics.js';
import { FeedPages } from './feed-pages.service.js';
import { FollowerAccess } from './follower-access.service.js';
import { RevocationFeedController } from './revocation-feed.controller.js';
import { RevocationFeedService } from './revocation-feed.service.js';
import { RevocationStreams } from './revocation-streams.service.js';

/** The revocation log for other services: page by page, or as a stream. */
@Module({
  controllers: [RevocationFeedController],
  providers: [FeedPages, FollowerAccess, RevocationStreams, RevocationFeedService, FeedMetrics],
})
export class RevocationFeedModule {}
