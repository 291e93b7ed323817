import type { DataSource } from 'typeorm';

/** Runs a statement as only a superuser can: past the triggers that protect the tables. */
export async function withoutTriggers<T = unknown>(db: DataSource, sql: string, values: unknown[] = []): Promise<T> {
  return db.transaction(async (tx) => {
    await tx.query('SET LOCAL session_replication_role = replica');
    return tx.query(sql, values);
  });
}
