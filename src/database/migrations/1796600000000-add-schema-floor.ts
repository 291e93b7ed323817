import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Lets a migration that ends what older code rests on say so, and that code refuse to start. */
export class AddSchemaFloor1796600000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE instance ADD COLUMN schema_floor bigint NOT NULL DEFAULT 0');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE instance DROP COLUMN schema_floor');
  }
}
