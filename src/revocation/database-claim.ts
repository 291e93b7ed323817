import type pg from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import { successorOf } from './incarnation.js';
import type { SeenHead } from './log-position.js';
import { isMarkLost, markValues } from './log-read.js';

const SYSTEM = '(SELECT system_identifier::text FROM pg_control_system())';
const DATABASE = '(SELECT oid FROM pg_database WHERE datname = current_database())';

/** The instance says which database it belongs to, once; a copy of its rows elsewhere is told by that. */
export async function claimOnce(db: DataSource): Promise<void> {
  // Nearly every start finds it done, and need not wait for whoever has the table.
  const unclaimed: object[] = await db.query('SELECT FROM instance WHERE id = 1 AND system_identifier IS NULL');
  if (unclaimed.length === 0) return;
  await db.query(
    `UPDATE instance SET system_identifier = ${SYSTEM}, database_oid = ${DATABASE}
     WHERE id = 1 AND system_identifier IS NULL`,
  );
}

/** Which incarnation the instance is in, and where it belongs by its own words. */
export interface Claim {
  incarnation: string;
  /** It was written in another database, or a replica has put it in doubt. */
  isElsewhere: boolean;
}

export async function readClaim(tx: EntityManager): Promise<Claim> {
  const [claim]: Claim[] = await tx.query(
    `SELECT incarnation, system_identifier IS NOT NULL
       AND (system_identifier, database_oid) IS DISTINCT FROM (${SYSTEM}, ${DATABASE}) AS "isElsewhere"
     FROM instance WHERE id = 1`,
  );
  if (!claim) throw new Error('The instance has no row');
  return claim;
}

/** Makes the database the one that the instance belongs to, under an incarnation that follows the former one. */
export async function claimAnew(tx: EntityManager, former: Claim, now: Date): Promise<void> {
  await tx.query(
    `UPDATE instance SET incarnation = $1, system_identifier = ${SYSTEM}, database_oid = ${DATABASE} WHERE id = 1`,
    [successorOf(former.incarnation, now)],
  );
}

/**
 * Records in a database that it was rolled back, so that all replicas see it, and those that start later. `client` must
 * be the connection that read the evidence. Writes nothing unless the database is the one in which `seen` was read, and
 * nothing where the log is the one that was seen or a restore has been accepted meanwhile.
 */
export async function recordRollback(client: pg.ClientBase, incarnation: string, seen: SeenHead): Promise<void> {
  const { installationId = null, database } = seen.source ?? {};
  await client.query(
    `UPDATE instance SET database_oid = NULL
     WHERE id = 1 AND incarnation = $1 AND system_identifier IS NOT NULL AND database_oid IS NOT NULL
       AND ($1::uuid <> $2::uuid OR ${isMarkLost('$3', '$4', '$5')})
       AND installation_id = $6 AND (${SYSTEM}, ${DATABASE}) = ($7::text, $8::oid)`,
    [
      incarnation,
      seen.incarnation,
      ...markValues(seen.mark),
      installationId,
      database?.systemIdentifier,
      database?.databaseOid,
    ],
  );
}
