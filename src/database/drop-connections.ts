import type { ClientBase, Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { poolOf } from './pool.js';

/** Looks at a new connection before anybody may use it, and says when it is done. */
type Look = (client: ClientBase, done: (error?: Error) => void) => void;

/** The part of a pool that its type does not tell of. */
type WatchedPool = Pool & { options: { verify: Look } };

/** The connections that a pool has open; the pool itself doesn't tell. */
const open = new WeakMap<Pool, Set<ClientBase>>();

/** Keeps account of a pool's connections from its start on. Nobody gets a new one before it was greeted. */
export function watchConnections(dataSource: DataSource, greet: (client: ClientBase) => Promise<void>): void {
  const pool = poolOf(dataSource) as WatchedPool;
  const clients = new Set<ClientBase>();
  open.set(pool, clients);
  pool.on('connect', (client) => clients.add(client));
  pool.on('remove', (client) => clients.delete(client));
  const { verify } = pool.options;
  pool.options.verify = (client, done) =>
    verify(client, (error) => {
      if (error) done(error);
      else greet(client).then(() => done(), done);
    });
}

/** Ends the connections to a server that another one has taken over from; requests that use one fail. */
export function dropConnections(dataSource: DataSource): void {
  for (const client of open.get(poolOf(dataSource)) ?? []) {
    void (client as ClientBase & { end(): Promise<void> }).end().catch(() => undefined);
  }
}
