import { Module } from '@nestjs/common';
import { ReadinessMetrics } from './readiness-metrics.js';
import { Readiness } from './readiness.service.js';
import { StatusController } from './status.controller.js';

/** How the service does. */
@Module({ controllers: [StatusController], providers: [Readiness, ReadinessMetrics] })
export class HealthModule {}
