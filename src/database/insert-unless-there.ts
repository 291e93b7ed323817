import type { EntityManager, EntityTarget, ObjectLiteral, QueryDeepPartialEntity } from 'typeorm';

/** Adds a row unless a unique constraint stands against it. Whether it was added: of two at once, one is. */
export async function insertUnlessThere<T extends ObjectLiteral>(
  tx: EntityManager,
  entity: EntityTarget<T>,
  row: QueryDeepPartialEntity<T>,
): Promise<boolean> {
  const insert = tx.createQueryBuilder().insert().into(entity).values(row);
  const { raw } = (await insert.orIgnore().returning('id').execute()) as { raw: unknown[] };
  return raw.length === 1;
}
