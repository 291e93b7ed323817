import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createIndexConcurrently } from '../create-index.js';

/**
 * Finds the administrators of an organization, and the identities with delete protection that it owns, without
 * reading its other members and identities.
 */
export class IndexAdministrators1797400000000 implements MigrationInterface {
  readonly transaction = false;

  async up(db: QueryRunner): Promise<void> {
    await createIndexConcurrently(db, {
      name: 'ix_membership_administrator',
      on: `membership (organization_id) WHERE role = 'admin'`,
    });
    await createIndexConcurrently(db, {
      name: 'ix_identity_protected',
      on: 'identity (organization_id) WHERE has_delete_protection',
    });
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX ix_identity_protected');
    await db.query('DROP INDEX ix_membership_administrator');
  }
}
