import type { DataSource } from 'typeorm';

const WAITS = `
  SELECT FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%'`;

/**
 * Resolves once so many statements that hold these words wait for a lock; without words, any statements. PostgreSQL
 * tells only the first kilobyte of a statement.
 */
export async function waitsForLock(db: DataSource, words = '', count = 1): Promise<void> {
  for (;;) {
    const waiting: object[] = await db.query(WAITS, [words]);
    if (waiting.length >= count) return;
  }
}
