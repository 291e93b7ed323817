import { Module } from '@nestjs/common';
import { TokenUsage } from './token-usage.service.js';

/**
 * The counts of uses. A module of its own, and not a global one: at a stop those are shut down before the pool of
 * connections is, and only then can the last counts still be written.
 */
@Module({ providers: [TokenUsage], exports: [TokenUsage] })
export class TokenUsageModule {}
