import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AppConfig } from '../config/app-config.js';
import { Backing } from '../config/backing.js';
import { BACKGROUND } from './background-data-source.js';
import { dataSourceOptions } from './data-source-options.js';
import { DatabaseLimiter } from './database-limiter.service.js';
import { DatabaseMetrics } from './database-metrics.js';
import { type PoolShares, sharesOf } from './pool-shares.js';

/** A pool of connections to PostgreSQL, with TypeORM on it, that has one share of DATABASE_POOL_SIZE. */
const pool = (share: keyof PoolShares, name?: string) =>
  TypeOrmModule.forRootAsync({
    name,
    inject: [AppConfig, Backing],
    useFactory: ({ DATABASE_POOL_SIZE }: AppConfig, { databaseUrl }: Backing) => ({
      ...dataSourceOptions({ url: databaseUrl, poolSize: sharesOf(DATABASE_POOL_SIZE)[share], hasTimeouts: true }),
      retryAttempts: 0,
    }),
  });

/** The connections to PostgreSQL: one pool for requests and a small one for background jobs. */
@Global()
@Module({
  imports: [pool('requests'), pool('background', BACKGROUND)],
  providers: [DatabaseLimiter, DatabaseMetrics],
  exports: [DatabaseLimiter],
})
export class DatabaseModule {}
