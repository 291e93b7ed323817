import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Lets readers of the revocation log find what has become visible since they last looked, and a wide entry find the
 * latest end of an identity's tokens.
 */
export class FollowRevocations1796100000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('CREATE INDEX ix_revocation_transaction_id_sequence ON revocation (transaction_id, sequence)');
    await db.query('CREATE INDEX ix_access_token_identity_id_expires_at ON access_token (identity_id, expires_at)');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX ix_access_token_identity_id_expires_at');
    await db.query('DROP INDEX ix_revocation_transaction_id_sequence');
  }
}
