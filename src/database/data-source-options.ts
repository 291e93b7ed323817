import type { Client } from 'pg';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions.js';
import { saysUnconfirmed, StandbyError } from '../common/errors/postgres-errors.js';
import { ConnectionPool } from './connection-pool.js';
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

/**
 * So many connections stay open while nobody needs them, as many as statements of one kind may be under way. A new one
 * has to plan every statement again, and a burst after a rest would wait for that.
 */
const KEPT = 4;

/** Firewalls between don't forget a connection that rests, and one whose other end is gone is found before its use. */
const ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 30_000 };

/**
 * Every statement of the service finds its rows by an index, and a prepared one keeps its plan: that must not be one
 * which reads whole tables because they are small today, or goes through them in another order than is written: each
 * begins with what it is given.
 */
const PLANS = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  join_collapse_limit: '1',
  jit: 'off',
};

/** What every connection of the service is opened with. */
export const CONNECTION = {
  ...TIMEOUTS,
  options: Object.entries(PLANS)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' '),
};

/** The settings that PostgreSQL then has, as `pg_settings` tells them. */
export const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  statement_timeout: String(TIMEOUTS.statement_timeout),
  lock_timeout: String(TIMEOUTS.lock_timeout),
  idle_in_transaction_session_timeout: String(TIMEOUTS.idle_in_transaction_session_timeout),
  ...PLANS,
};

/** How the service talks to its PostgreSQL. */
export function dataSourceOptions({ url, poolSize, hasTimeouts }: PoolOptions): PostgresDataSourceOptions {
  return {
    type: 'postgres',
    driver: { Pool: ConnectionPool },
    url,
    entities,
    migrations,
    migrationsTableName: 'migration',
    namingStrategy: new SnakeNaming(),
    applicationName: 'token-auth',
    poolSize,
    installExtensions: false,
    extra: {
      ...ALIVE,
      min: Math.min(KEPT, poolSize),
      verify: lookAt,
      ...(hasTimeouts ? CONNECTION : { connectionTimeoutMillis: 2000 }),
    },
  };
}

/** What every new connection goes through before anybody may use it. */
function lookAt(client: Client, done: (error?: Error) => void): void {
  // A connection that breaks also fails the query that is on it. While the pool has it looked at, nobody listens, and
  // an error that nobody hears would end the process.
  client.on('error', () => undefined);
  doubtUnconfirmed(client);
  refuseStandby(client).then(() => done(), done);
}

/**
 * A commit whose wait for a standby was broken off, by an operator say, is reported as done with a warning ahead of it.
 * What may be lost must not be acknowledged: the query fails, and its connection is given up.
 */
function doubtUnconfirmed(client: Client): void {
  const { connection } = client as Client & { connection: NodeJS.EventEmitter };
  client.on('notice', (notice) => {
    if (!saysUnconfirmed(notice)) return;
    // To end the connection is not enough: what has arrived together with the warning would still be taken in.
    connection.emit('error', new Error('Connection terminated, for no standby confirmed the commit'));
    void client.end().catch(() => undefined);
  });
}

/** A server in recovery may be behind the primary, and reads that decide must not be. */
async function refuseStandby(client: Client): Promise<void> {
  const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
  if (!rows[0] || rows[0].standby) throw new StandbyError();
}
