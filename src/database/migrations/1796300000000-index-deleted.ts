import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Lets the clean-up find what was marked as deleted without reading what was not; nothing else pays for it. */
export class IndexDeleted1796300000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`CREATE INDEX ix_identity_deleted_at ON identity (deleted_at) WHERE deleted_at IS NOT NULL`);
    await db.query(`CREATE INDEX ix_organization_deleted_at ON organization (deleted_at) WHERE deleted_at IS NOT NULL`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX ix_organization_deleted_at');
    await db.query('DROP INDEX ix_identity_deleted_at');
  }
}
