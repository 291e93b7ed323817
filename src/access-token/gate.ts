import type { DataSource, EntityManager } from 'typeorm';
import { isTimeout } from '../common/errors/postgres-errors.js';
import { GATE_LOCK } from '../database/advisory-locks.js';
import { inTransaction } from '../database/transaction.js';

type Work<T> = (tx: EntityManager) => Promise<T>;

/**
 * How long each statement of a change may take, in milliseconds, before it closes the gate. A lock timeout would not
 * end the wait for a row, for that is a wait for one after the other who shares it.
 */
const BRIEFLY_MS = 250;

/** SQL that passes the gate of a root organization, and waits while it is closed or about to be. */
export const passGate = (rootOrganizationId: string): string =>
  `pg_advisory_xact_lock_shared(${GATE_LOCK}, hashtext(${rootOrganizationId}))`;

/** SQL that passes the gate if that needs no wait, and says whether it did. */
export const tryGate = (rootOrganizationId: string): string =>
  `pg_try_advisory_xact_lock_shared(${GATE_LOCK}, hashtext(${rootOrganizationId}))`;

/**
 * Whoever passes the gate has the tables of the instance and of the signing keys locked by then, in this order and in
 * the mode of those who share a row of them: the locks are taken when the statement is parsed, as in that of a mint. If
 * some took them before and some after, or in another order, a change of keys or of the instance, which waits for all
 * of them, could come to stand between.
 */
const TABLES = 'WITH tables AS (SELECT FROM instance, signing_key FOR SHARE)';
const LOCK_AS_USUAL = `set_config('lock_timeout', NULL, true)`;
const BE_BRIEF = `set_config('statement_timeout', '${BRIEFLY_MS}', true)`;
const PASS = `${TABLES} SELECT ${LOCK_AS_USUAL}, ${passGate('$1')}, ${BE_BRIEF}`;
const CLOSE = `${TABLES} SELECT ${LOCK_AS_USUAL}, pg_advisory_xact_lock(${GATE_LOCK}, hashtext($1))`;

/** Before the commit, which may have to wait for a standby. */
const TAKE_TIME = `SELECT set_config('statement_timeout', NULL, true)`;

/**
 * Runs a change of rows that mints share, in one transaction.
 *
 * PostgreSQL lets those who share a row go past whoever waits to change it, so under mints without a pause that wait
 * would have no end, and nobody could revoke what is busy. Therefore whoever holds such rows passes the gate of its
 * root organization first, a lock that is given in the order of arrival. A change passes it like all others, and
 * mints go on beside it. Only where a row isn't free soon, the change begins anew and closes the gate: those who have
 * passed end, those who come later wait for the change, and what it needs is free. Other root organizations don't
 * notice.
 */
export async function changeShared<T>(
  dataSource: DataSource,
  rootOrganizationId: string,
  work: Work<T>,
  takeTurn?: Work<unknown>,
): Promise<T> {
  let hasPassed = false;
  const enter = async (tx: EntityManager, gate: string): Promise<void> => {
    hasPassed = false;
    await takeTurn?.(tx);
    await tx.query(gate, [rootOrganizationId]);
    hasPassed = true;
  };
  try {
    return await inTransaction(dataSource, async (tx) => {
      await enter(tx, PASS);
      const result = await work(tx);
      await tx.query(TAKE_TIME);
      return result;
    });
  } catch (error) {
    if (!hasPassed || !isTimeout(error)) throw error;
  }
  return inTransaction(dataSource, async (tx) => {
    await enter(tx, CLOSE);
    return work(tx);
  });
}
