import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Metrics } from '../common/metrics.js';
import { AppConfig } from '../config/app-config.js';
import { poolUse } from './pool.js';

/** How the pool of connections is used. */
@Injectable()
export class DatabaseMetrics {
  constructor(metrics: Metrics, dataSource: DataSource, { DATABASE_POOL_SIZE }: AppConfig) {
    metrics.reading(
      'database_pool_connections',
      'Connections in use and idle, and callers that wait for one',
      'sum',
      () => {
        const { inUse, idle, waiting } = poolUse(dataSource);
        return { in_use: inUse, idle, waiting };
      },
      'state',
    );
    metrics.reading('database_pool_size', 'DATABASE_POOL_SIZE', 'sum', () => DATABASE_POOL_SIZE);
  }
}
