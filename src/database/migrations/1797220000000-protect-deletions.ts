import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Lets no statement bring back a deleted identity or organization, move an organization out of the reach of its root's
 * revocations, or let an instance be bootstrapped twice.
 */
export class ProtectDeletions1797220000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TRIGGER keep_deleted AFTER UPDATE OF deleted_at ON identity
      FOR EACH ROW WHEN (OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL)
      EXECUTE FUNCTION forbid_change('A deleted identity cannot be brought back')`);
    await db.query(`
      CREATE TRIGGER keep_organization AFTER UPDATE OF id, root_id, parent_id, deleted_at ON organization
      FOR EACH ROW WHEN (NEW.id <> OLD.id OR NEW.root_id <> OLD.root_id OR NEW.parent_id IS DISTINCT FROM OLD.parent_id
        OR OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL)
      EXECUTE FUNCTION forbid_change('An organization cannot be moved, nor brought back when it was deleted')`);
    await db.query(`
      CREATE TRIGGER keep_instance AFTER UPDATE OF id, bootstrapped_at ON instance
      FOR EACH ROW WHEN (NEW.id <> OLD.id OR OLD.bootstrapped_at IS NOT NULL AND NEW.bootstrapped_at IS NULL)
      EXECUTE FUNCTION forbid_change('An instance is bootstrapped once')`);
    await db.query(`
      CREATE TRIGGER keep_instance_row BEFORE DELETE OR TRUNCATE ON instance
      FOR EACH STATEMENT EXECUTE FUNCTION forbid_statement()`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TRIGGER keep_instance_row ON instance');
    await db.query('DROP TRIGGER keep_instance ON instance');
    await db.query('DROP TRIGGER keep_organization ON organization');
    await db.query('DROP TRIGGER keep_deleted ON identity');
  }
}
