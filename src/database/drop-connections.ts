import type { ClientBase, Pool } from 'pg';
import type { DataSource } from 'typeorm';

/** The connections that a pool has open; the pool itself doesn't tell. */
const open = new WeakMap<Pool, Set<ClientBase>>();

const poolOf = ({ driver }: DataSource): Pool => (driver as unknown as { master: Pool }).master;

/** Keeps account of a pool's connections from its start on. */
export function watchConnections(dataSource: DataSource): void {
  const pool = poolOf(dataSource);
  const clients = new Set<ClientBase>();
  open.set(pool, clients);
  pool.on('connect', (client) => clients.add(client));
  pool.on('remove', (client) => clients.delete(client));
}

/** Ends the connections to a server that another one has taken over from; requests that use one fail. */
export function dropConnections(dataSource: DataSource): void {
  for (const client of open.get(poolOf(dataSource)) ?? []) {
    void (client as ClientBase & { end(): Promise<void> }).end().catch(() => undefined);
  }
}
