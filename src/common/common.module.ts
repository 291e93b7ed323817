import { Global, Module } from '@nestjs/common';
import { Clock } from './clock.js';
import { RequestMetrics } from './http/request-metrics.js';
import { Metrics } from './metrics.js';

@Global()
@Module({ providers: [Clock, Metrics, RequestMetrics], exports: [Clock, Metrics, RequestMetrics] })
export class CommonModule {}
