import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createIndexConcurrently } from '../create-index.js';

/**
 * Serves the list of all tokens of an identity by time, and the count of its live tokens in one organization.
 *
 * The condition of the first index is true for every row, and only a statement that repeats it can use the index.
 * Otherwise a generic plan could also use it to list the tokens of one organization, and read those of all others.
 * The second index also finds the tokens of an organization, so it replaces the index on the organization alone.
 */
export class IndexTokensByIdentity1797100000000 implements MigrationInterface {
  readonly transaction = false;

  async up(db: QueryRunner): Promise<void> {
    await createIndexConcurrently(db, {
      name: 'ix_access_token_of_identity',
      on: 'access_token (identity_id, created_at, id) WHERE ttl >= 0',
    });
    await createIndexConcurrently(db, {
      name: 'ix_access_token_organization_id_identity_id_expires_at',
      on: 'access_token (organization_id, identity_id, expires_at)',
    });
    await db.query('DROP INDEX CONCURRENTLY IF EXISTS ix_access_token_organization_id');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('CREATE INDEX ix_access_token_organization_id ON access_token (organization_id)');
    await db.query('DROP INDEX ix_access_token_organization_id_identity_id_expires_at');
    await db.query('DROP INDEX ix_access_token_of_identity');
  }
}
