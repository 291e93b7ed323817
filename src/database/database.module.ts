import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AppConfig } from '../config/app-config.js';
import { Backing } from '../config/backing.js';
import { dataSourceOptions } from './data-source-options.js';
import { DatabaseMetrics } from './database-metrics.js';

/** The pool of connections to PostgreSQL, with TypeORM on it. */
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [AppConfig, Backing],
      useFactory: ({ DATABASE_POOL_SIZE }: AppConfig, { databaseUrl }: Backing) => ({
        ...dataSourceOptions({ url: databaseUrl, poolSize: DATABASE_POOL_SIZE, hasTimeouts: true }),
        retryAttempts: 0,
      }),
    }),
  ],
  providers: [DatabaseMetrics],
})
export class DatabaseModule {}
