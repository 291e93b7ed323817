import { type Removed, Retention } from '../../src/retention/retention.service.js';
import type { TestApp } from './test-app.js';

export const DAY = 86_400;

/** Seconds; what ended is kept for so long at least. */
export const MARGIN = 300;

/** What tests of the clean-up do and see. */
export class PastRecords {
  constructor(private readonly app: TestApp) {}

  /** Removes what may leave by now. */
  cleanUp = (): Promise<Removed> => this.app.nest.get(Retention).run();

  /** How many rows of a table have a value in a column. */
  count = async (table: string, column: string, value: string): Promise<number> => {
    const rows: object[] = await this.app.db.query(`SELECT FROM ${table} WHERE ${column}::text = $1`, [value]);
    return rows.length;
  };

  /** Makes so many tokens like one. */
  copy = async (tokenId: string, count: number): Promise<void> => {
    await this.app.db.query(
      `INSERT INTO access_token (id, identity_id, organization_id, kid, auth_method, ttl, max_ttl, num_uses_limit,
         num_uses, epoch, expires_at, created_at, updated_at)
       SELECT gen_random_uuid(), identity_id, organization_id, kid, auth_method, ttl, max_ttl, num_uses_limit,
         num_uses, epoch, expires_at, created_at, updated_at
       FROM access_token, generate_series(1, $2::int) WHERE id = $1`,
      [tokenId, count],
    );
  };
}
