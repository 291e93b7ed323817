import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource, QueryRunner } from 'typeorm';
import { MIGRATION_LOCK } from './advisory-locks.js';

const POLL_MS = 250;

/**
 * Does the work while no other process migrates, on the connection that holds the lock: when that one is lost, the work
 * is over as well. Whoever waits asks again and again instead of sleeping in PostgreSQL, because a statement that waits
 * holds a snapshot, and `CREATE INDEX CONCURRENTLY` would wait for that in turn.
 */
export async function underMigrationLock<T>(
  dataSource: DataSource,
  work: (runner: QueryRunner) => Promise<T>,
): Promise<T> {
  const runner = dataSource.createQueryRunner();
  try {
    while (!(await tryLock(runner))) await sleep(POLL_MS);
    try {
      return await work(runner);
    } finally {
      await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    }
  } finally {
    await runner.release();
  }
}

async function tryLock(runner: QueryRunner): Promise<boolean> {
  const [row]: { isMine: boolean }[] = await runner.query('SELECT pg_try_advisory_lock($1) AS "isMine"', [
    MIGRATION_LOCK,
  ]);
  return row?.isMine ?? false;
}
