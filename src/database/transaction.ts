import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { isConflict } from '../common/errors/postgres-errors.js';

const ATTEMPTS = 3;

/** What is to be done once a transaction has been committed, by the runner of its queries. */
const afterwards = new WeakMap<QueryRunner, (() => void)[]>();

/**
 * Runs the work in one transaction; all of it happens, or nothing does. When PostgreSQL ends the transaction to break
 * a deadlock, the work is run anew from its start, so it must hold no effect outside of `tx`.
 */
export async function inTransaction<T>(dataSource: DataSource, work: (tx: EntityManager) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const committed: (() => void)[] = [];
    try {
      const result = await dataSource.transaction((tx) => {
        afterwards.set(runnerOf(tx), committed);
        return work(tx);
      });
      for (const act of committed) act();
      return result;
    } catch (error) {
      if (attempt === ATTEMPTS || !isConflict(error)) throw error;
    }
  }
}

/** Has something done, in this process, once the transaction has been committed; not at all when it is rolled back. */
export function afterCommit(tx: EntityManager, act: () => void): void {
  const committed = afterwards.get(runnerOf(tx));
  if (!committed) throw new Error('Only a transaction of inTransaction tells when it was committed');
  committed.push(act);
}

function runnerOf({ queryRunner }: EntityManager): QueryRunner {
  if (!queryRunner) throw new Error('There is no transaction');
  return queryRunner;
}
