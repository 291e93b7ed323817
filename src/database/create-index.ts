import type { QueryRunner } from 'typeorm';
import { isConflict } from '../common/errors/postgres-errors.js';

const ATTEMPTS = 3;

export interface NewIndex {
  name: string;
  /** The table and what is indexed, as SQL has it after ON: `audit_event (req_id) WHERE req_id IS NOT NULL`. */
  on: string;
  isUnique?: boolean;
}

/**
 * Builds an index while others go on writing to its table. For a migration of its own, which says
 * `transaction = false`: PostgreSQL builds in several transactions. A build that was broken off leaves an index that
 * costs and serves nobody; the next run removes it and builds again.
 */
export async function createIndexConcurrently(db: QueryRunner, index: NewIndex): Promise<void> {
  if (db.isTransactionActive)
    throw new Error(`The migration that builds ${index.name} must say "transaction = false": it can't be in one`);
  // A build waits for transactions that are older than it, and nobody waits for the build.
  await db.query('SET lock_timeout = 0');
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await build(db, index);
      } catch (error) {
        await dropInvalid(db, index.name);
        if (attempt === ATTEMPTS || !isConflict(error)) throw error;
      }
    }
  } finally {
    await db.query('RESET lock_timeout');
  }
}

async function build(db: QueryRunner, { name, on, isUnique = false }: NewIndex): Promise<void> {
  await dropInvalid(db, name);
  await db.query(`CREATE ${isUnique ? 'UNIQUE ' : ''}INDEX CONCURRENTLY IF NOT EXISTS ${name} ON ${on}`);
}

async function dropInvalid(db: QueryRunner, name: string): Promise<void> {
  const invalid: unknown[] = await db.query(
    'SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid',
    [name],
  );
  if (invalid.length > 0) await db.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
}
