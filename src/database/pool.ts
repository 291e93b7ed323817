import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';

/** The pool that a data source takes its connections from. */
export const poolOf = ({ driver }: DataSource): Pool => (driver as unknown as { master: Pool }).master;

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
