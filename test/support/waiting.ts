import type { DataSource } from 'typeorm';

const WAITS = `
  SELECT FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%'`;

/** Resolves once a statement that holds these words waits for a lock. */
export async function waitsForLock(db: DataSource, words: string): Promise<void> {
  for (;;) {
    const waiting: object[] = await db.query(WAITS, [words]);
    if (waiting.length > 0) return;
  }
}
