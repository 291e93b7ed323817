import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Metrics } from '../common/metrics.js';
import { AppConfig } from '../config/app-config.js';
import { InjectBackgroundDataSource } from './background-data-source.js';
import { type PoolUse, poolUse } from './pool.js';

/** How the pool of connections is used. */
@Injectable()
export class DatabaseMetrics {
  constructor(
    metrics: Metrics,
    dataSource: DataSource,
    @InjectBackgroundDataSource() background: DataSource,
    { DATABASE_POOL_SIZE }: AppConfig,
  ) {
    metrics.reading(
      'database_pool_connections',
      'Connections in use and idle, and callers that wait for one',
      'sum',
      () => {
        const pools = [poolUse(dataSource), poolUse(background)];
        const sumOf = (state: keyof PoolUse): number => pools.reduce((sum, use) => sum + use[state], 0);
        return { in_use: sumOf('inUse'), idle: sumOf('idle'), waiting: sumOf('waiting') };
      },
      'state',
    );
    metrics.reading('database_pool_size', 'DATABASE_POOL_SIZE', 'sum', () => DATABASE_POOL_SIZE);
  }
}
