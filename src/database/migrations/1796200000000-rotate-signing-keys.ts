import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Lets a key that signs no more tell how long it is needed, and keeps the key that is to sign next to one. */
export class RotateSigningKeys1796200000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE signing_key ADD COLUMN verifies_until timestamptz');
    await db.query(`CREATE UNIQUE INDEX uq_signing_key_next ON signing_key (state) WHERE state = 'next'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX uq_signing_key_next');
    await db.query('ALTER TABLE signing_key DROP COLUMN verifies_until');
  }
}
