import type { DataSource } from 'typeorm';
import type { ConnectionPool } from './connection-pool.js';

/** The pool that a data source takes its connections from. */
export const poolOf = ({ driver }: DataSource): ConnectionPool =>
  (driver as unknown as { master: ConnectionPool }).master;

/** How many connections are in use and idle, and how many callers wait for one. */
export interface PoolUse {
  inUse: number;
  idle: number;
  waiting: number;
}

export function poolUse(dataSource: DataSource): PoolUse {
  const { totalCount, idleCount, waitingCount } = poolOf(dataSource);
  return { inUse: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
}
