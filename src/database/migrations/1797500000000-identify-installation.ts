import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Gives the installation an id that never changes, whereas `incarnation` changes with each accepted restore. It starts
 * as the current incarnation, so that a backup from before this migration gets the same id when it is migrated.
 */
export class IdentifyInstallation1797500000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE instance ADD COLUMN installation_id uuid NOT NULL DEFAULT gen_random_uuid()');
    await db.query('ALTER TABLE instance ALTER COLUMN installation_id DROP DEFAULT');
    await db.query('UPDATE instance SET installation_id = incarnation');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE instance DROP COLUMN installation_id');
  }
}
