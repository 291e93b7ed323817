import type { ClientBase, Pool, QueryResultRow } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';

/** A statement that each connection plans once, and from then on only runs. Its name is its own in the whole service. */
export interface Prepared {
  name: string;
  text: string;
}

/** The pool that a data source takes its connections from. */
export const poolOf = ({ driver }: DataSource): Pool => (driver as unknown as { master: Pool }).master;

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
