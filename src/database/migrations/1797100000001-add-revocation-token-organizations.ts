import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Stores with an entry about an identity the organizations in which it has tokens, so that followers elsewhere do not
 * get it. Null means unknown, as in entries that the previous version writes: all followers get those.
 */
export class AddRevocationTokenOrganizations1797100000001 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE revocation ADD COLUMN token_organization_ids uuid[]');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE revocation DROP COLUMN token_organization_ids');
  }
}
