import { Global, Module } from '@nestjs/common';
import { Clock } from './clock.js';
import { EndOfTurn } from './end-of-turn.js';
import { RequestMetrics } from './http/request-metrics.js';
import { Metrics } from './metrics.js';

const PROVIDERS = [Clock, EndOfTurn, Metrics, RequestMetrics];

@Global()
@Module({ providers: PROVIDERS, exports: PROVIDERS })
export class CommonModule {}
