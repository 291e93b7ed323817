import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A foreign key locks the token's row for every first use, and so writes a page of a table that may have ten million
 * others. A trigger lets a row of usage go with its token's as well, whoever removes that.
 */
export class UncoupleUsage1796900000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE FUNCTION remove_usage() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        DELETE FROM access_token_usage WHERE token_id = ANY (ARRAY(SELECT id FROM removed));
        RETURN NULL;
      END $$`);
    await db.query(`
      CREATE TRIGGER remove_usage AFTER DELETE ON access_token REFERENCING OLD TABLE AS removed
      FOR EACH STATEMENT EXECUTE FUNCTION remove_usage()`);
    await db.query('ALTER TABLE access_token_usage DROP CONSTRAINT fk_access_token_usage_token_id');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('LOCK TABLE access_token, access_token_usage IN SHARE ROW EXCLUSIVE MODE');
    await db.query(`
      DELETE FROM access_token_usage u WHERE NOT EXISTS (SELECT FROM access_token t WHERE t.id = u.token_id)`);
    await db.query(`
      ALTER TABLE access_token_usage ADD CONSTRAINT fk_access_token_usage_token_id
      FOREIGN KEY (token_id) REFERENCES access_token (id) ON DELETE CASCADE`);
    await db.query('DROP TRIGGER remove_usage ON access_token');
    await db.query('DROP FUNCTION remove_usage');
  }
}
