import type { DataSource, EntityManager } from 'typeorm';
import { isConflict } from '../common/errors/postgres-errors.js';

const ATTEMPTS = 3;

/**
 * Runs the work in one transaction; all of it happens, or nothing does. When PostgreSQL ends the transaction to break
 * a deadlock, the work is run anew from its start, so it must hold no effect outside of `tx`.
 */
export async function inTransaction<T>(dataSource: DataSource, work: (tx: EntityManager) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await dataSource.transaction(work);
    } catch (error) {
      if (attempt === ATTEMPTS || !isConflict(error)) throw error;
    }
  }
}
