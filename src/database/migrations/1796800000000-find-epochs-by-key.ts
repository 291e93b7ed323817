import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createIndexConcurrently } from '../create-index.js';

/** The epochs of all scopes of a token are looked for by their keys, in one scan rather than in one for each scope. */
export class FindEpochsByKey1796800000000 implements MigrationInterface {
  transaction = false;

  async up(db: QueryRunner): Promise<void> {
    await createIndexConcurrently(db, { name: 'ix_epoch_key', on: 'epoch (key)' });
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX ix_epoch_key');
  }
}
