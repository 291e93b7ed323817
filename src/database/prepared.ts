import type { ClientBase, QueryResultRow } from 'pg';
import type { EntityManager } from 'typeorm';
import { poolOf } from './pool.js';

/** A statement that each connection plans once, and from then on only runs. Its name is its own in the whole service. */
export interface Prepared {
  name: string;
  text: string;
}

/**
 * Runs a prepared statement: in the manager's transaction, where it has one, or else on any connection. Planning takes
 * several times as long as running what a hot path asks.
 */
export async function runPrepared<T extends QueryResultRow>(
  { queryRunner, connection }: EntityManager,
  statement: Prepared,
  values: unknown[],
): Promise<T[]> {
  const through = queryRunner ? ((await queryRunner.connect()) as ClientBase) : poolOf(connection);
  const { rows } = await through.query<T>({ ...statement, values });
  return rows;
}
