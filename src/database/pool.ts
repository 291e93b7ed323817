import type { DataSource } from 'typeorm';
import { poolOf } from './prepared.js';

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
