import type { ClientBase, Pool, QueryResultRow } from 'pg';
import type { EntityManager } from 'typeorm';
import { poolOf } from './pool.js';

/** A statement that each connection plans once, and from then on only runs. Its name is its own in the whole service. */
export interface Prepared {
  name: string;
  text: string;
}

/**
 * SQL that looks up a row by its key for each row of what stands before it, or gives nulls. As a mere join it would keep
 * the plan that suited the tables when a connection made it: while hardly anything is there, that goes through all of one.
 */
export const lookUp = (name: string, found: string): string => `LEFT JOIN LATERAL (${found} LIMIT 1) ${name} ON true`;

/**
 * Runs a prepared statement: in the manager's transaction, where it has one, or else on any connection. Planning takes
 * several times as long as running what a hot path asks.
 */
export async function runPrepared<T extends QueryResultRow>(
  db: EntityManager,
  statement: Prepared,
  values: unknown[],
): Promise<T[]> {
  const { rows } = await (await throughWhat(db)).query<T>({ ...statement, values });
  return rows;
}

/**
 * A list as PostgreSQL reads an array, for values that need no quotes: ids, names of ours, numbers, times. The driver's
 * own way looks through each value for what has to be escaped.
 */
export const arrayOf = (values: readonly (string | number | null)[]): string =>
  `{${values.map((value) => value ?? 'NULL').join(',')}}`;

/** Leaves every value as PostgreSQL writes it. */
const AS_TEXT = { getTypeParser: () => (text: string) => text };

/** Runs a prepared statement and gives each row as a list of texts, for callers that read values by more than their type. */
export async function runPreparedAsText(
  db: EntityManager,
  statement: Prepared,
  values: unknown[],
): Promise<(string | null)[][]> {
  const query = { ...statement, values, rowMode: 'array' as const, types: AS_TEXT };
  const { rows } = await (await throughWhat(db)).query<(string | null)[]>(query);
  return rows;
}

async function throughWhat({ queryRunner, connection }: EntityManager): Promise<ClientBase | Pool> {
  return queryRunner ? ((await queryRunner.connect()) as ClientBase) : poolOf(connection);
}
