import type { DataSource, EntityManager } from 'typeorm';
import type { SeenHead } from './log-position.js';

const SYSTEM = '(SELECT system_identifier::text FROM pg_control_system())';
const DATABASE = '(SELECT oid FROM pg_database WHERE datname = current_database())';

/** The instance says which database it belongs to, once; a copy of its rows elsewhere is told by that. */
export async function claimOnce(db: DataSource): Promise<void> {
  await db.query(
    `UPDATE instance SET system_identifier = ${SYSTEM}, database_oid = ${DATABASE}
     WHERE id = 1 AND system_identifier IS NULL`,
  );
}

/** Whether the instance says that it belongs elsewhere: it was written there, or a replica has put it in doubt. */
export async function isClaimedElsewhere(tx: EntityManager): Promise<boolean> {
  const [row]: { isElsewhere: boolean }[] = await tx.query(
    `SELECT system_identifier IS NOT NULL
       AND (system_identifier, database_oid) IS DISTINCT FROM (${SYSTEM}, ${DATABASE}) AS "isElsewhere"
     FROM instance WHERE id = 1`,
  );
  if (!row) throw new Error('The instance has no row');
  return row.isElsewhere;
}

/** Makes the database the one that the instance belongs to, under a new incarnation. */
export async function claimAnew(tx: EntityManager, incarnation: string): Promise<void> {
  await tx.query(
    `UPDATE instance SET incarnation = $1, system_identifier = ${SYSTEM}, database_oid = ${DATABASE} WHERE id = 1`,
    [incarnation],
  );
}

/**
 * Writes into a database that it has gone back: what one replica saw, all others are to know, and those that are
 * started later. Nothing is written where the log goes as far as was seen, or a restore has been accepted meanwhile.
 */
export async function putInDoubt(db: DataSource, incarnation: string, seen: SeenHead): Promise<void> {
  await db.query(
    `UPDATE instance SET database_oid = NULL
     WHERE id = 1 AND incarnation = $1 AND system_identifier IS NOT NULL AND database_oid IS NOT NULL
       AND ($1::uuid <> $2::uuid OR (SELECT coalesce(max(sequence), 0) FROM revocation) < $3)`,
    [incarnation, seen.incarnation, seen.head],
  );
}
