import { Module } from '@nestjs/common';
import { AccessTokenMetrics } from '../access-token-metrics.js';
import { TokenUsage } from './token-usage.service.js';
import { UsageMetrics } from './usage-metrics.js';

/**
 * The counts of uses. A module of its own, and not a global one: at a stop those are shut down before the pool of
 * connections is, and only then can the last counts still be written.
 */
@Module({ providers: [AccessTokenMetrics, TokenUsage, UsageMetrics], exports: [AccessTokenMetrics, TokenUsage] })
export class TokenUsageModule {}
