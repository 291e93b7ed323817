import { Module } from '@nestjs/common';
import { RetentionDatabase } from './retention-database.js';
import { RetentionMetrics } from './retention-metrics.js';
import { Retention } from './retention.service.js';

/** Records end well: what has ended leaves after its retention. */
@Module({ providers: [Retention, RetentionDatabase, RetentionMetrics] })
export class RetentionModule {}
