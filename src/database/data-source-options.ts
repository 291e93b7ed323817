import type { ClientBase } from 'pg';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions.js';
import { StandbyError } from '../common/errors/postgres-errors.js';
import { entities } from './entities.js';
import { migrations } from './migrations/index.js';
import { SnakeNaming } from './naming.js';

export interface PoolOptions {
  url: string;
  poolSize: number;
  /** Off for migrations, which may take as long as they need. */
  hasTimeouts: boolean;
}

/** Milliseconds; a deed that takes longer than these is given up and answered 503. */
const TIMEOUTS = {
  connectionTimeoutMillis: 2000,
  statement_timeout: 3000,
  query_timeout: 3500,
  lock_timeout: 1000,
  idle_in_transaction_session_timeout: 5000,
};

/** How the service talks to its PostgreSQL. */
export function dataSourceOptions({ url, poolSize, hasTimeouts }: PoolOptions): PostgresDataSourceOptions {
  return {
    type: 'postgres',
    url,
    entities,
    migrations,
    migrationsTableName: 'migration',
    namingStrategy: new SnakeNaming(),
    applicationName: 'token-auth',
    poolSize,
    installExtensions: false,
    extra: { keepAlive: true, verify: refuseStandby, ...(hasTimeouts ? TIMEOUTS : { connectionTimeoutMillis: 2000 }) },
  };
}

/** A server in recovery may be behind the primary, and reads that decide must not be. */
function refuseStandby(client: ClientBase, done: (error?: Error) => void): void {
  // A connection that breaks also fails the query that is on it. While the pool has it looked at, nobody listens, and
  // an error that nobody hears would end the process.
  client.on('error', () => undefined);
  client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby').then(
    ({ rows: [row] }) => done(row && !row.standby ? undefined : new StandbyError()),
    (error: Error) => done(error),
  );
}
