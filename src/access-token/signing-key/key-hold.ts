import type { EntityManager } from 'typeorm';
import { type Prepared, runPrepared } from '../../database/prepared.js';

const HOLD: Prepared = {
  name: 'hold_active_key',
  text: `SELECT kid FROM signing_key WHERE kid = $1 AND state = 'active' FOR SHARE`,
};

/**
 * Whether the key may sign what the transaction writes. If so it stays active until the transaction ends: a change of
 * keys waits for those who hold one.
 */
export async function holdIfActive(tx: EntityManager, { kid }: { kid: string }): Promise<boolean> {
  const rows = await runPrepared(tx, HOLD, [kid]);
  return rows.length === 1;
}
