import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is fixed when a token is created. A change would take the token out of the scopes of a revocation. */
const FIXED = [
  'id',
  'identity_id',
  'organization_id',
  'auth_method',
  'ttl',
  'max_ttl',
  'num_uses_limit',
  'epoch',
  'created_at',
];

const IS_CHANGED = FIXED.map((column) => `NEW.${column} IS DISTINCT FROM OLD.${column}`).join(' OR ');

/**
 * Lets no statement take back a revocation: neither in a token's row nor by its epoch. The triggers are the owner's, so the
 * service's role can neither disable nor drop them.
 *
 * Row triggers fire after the change, because one that fires before it would lock each row a second time. They name their
 * columns, so counting a use costs one comparison. A DELETE is allowed once nothing that it removes can be accepted any
 * more, so retention still works.
 */
export class ProtectRevocations1797210000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    const [{ schema }]: [{ schema: string }] = await db.query('SELECT quote_ident(current_schema()) AS schema');
    await db.query(`
      CREATE FUNCTION forbid_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
      BEGIN
        RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'insufficient_privilege';
      END $$`);
    await db.query(`
      CREATE FUNCTION keep_unexpired_tokens() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
      BEGIN
        IF EXISTS (SELECT FROM removed WHERE expires_at > clock_timestamp()) THEN
          RAISE EXCEPTION 'A token that has not expired cannot be deleted' USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NULL;
      END $$`);
    await db.query(`
      CREATE FUNCTION keep_epoch() RETURNS trigger LANGUAGE plpgsql
      SET search_path = pg_catalog, ${schema}, pg_temp AS $$
      DECLARE
        is_needed boolean := true;
      BEGIN
        IF OLD.scope = 'organization' THEN
          is_needed := EXISTS (SELECT FROM organization WHERE id = OLD.key::uuid);
        ELSIF OLD.scope IN ('identity', 'identity-method', 'identity-organization') THEN
          is_needed := EXISTS (SELECT FROM identity WHERE id = split_part(OLD.key, ':', 1)::uuid);
        END IF;
        IF is_needed THEN
          RAISE EXCEPTION 'The epoch of % "%" cannot be deleted while tokens may depend on it', OLD.scope, OLD.key
            USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NULL;
      END $$`);
    await db.query(`
      CREATE TRIGGER keep_token AFTER UPDATE OF ${FIXED.join(', ')}, revoked_at, expires_at ON access_token
      FOR EACH ROW WHEN (${IS_CHANGED} OR NEW.expires_at < OLD.expires_at
        OR OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL)
      EXECUTE FUNCTION forbid_change('A token cannot be changed into another, nor its revocation taken back')`);
    await db.query(`
      CREATE TRIGGER keep_uses AFTER UPDATE OF num_uses ON access_token
      FOR EACH ROW WHEN (NEW.num_uses < OLD.num_uses)
      EXECUTE FUNCTION forbid_change('The uses of a token cannot be taken back')`);
    await db.query(`
      CREATE TRIGGER keep_unexpired_tokens AFTER DELETE ON access_token REFERENCING OLD TABLE AS removed
      FOR EACH STATEMENT EXECUTE FUNCTION keep_unexpired_tokens()`);
    await db.query(`
      CREATE TRIGGER keep_all_tokens BEFORE TRUNCATE ON access_token
      FOR EACH STATEMENT EXECUTE FUNCTION forbid_statement()`);
    await db.query(`
      CREATE TRIGGER keep_epoch_sequence AFTER UPDATE ON epoch
      FOR EACH ROW WHEN (NEW.scope <> OLD.scope OR NEW.key <> OLD.key OR NEW.sequence < OLD.sequence)
      EXECUTE FUNCTION forbid_change('An epoch can only be raised')`);
    await db.query(`
      CREATE TRIGGER keep_epoch AFTER DELETE ON epoch FOR EACH ROW EXECUTE FUNCTION keep_epoch()`);
    await db.query(`
      CREATE TRIGGER keep_all_epochs BEFORE TRUNCATE ON epoch
      FOR EACH STATEMENT EXECUTE FUNCTION forbid_statement()`);
  }

  async down(db: QueryRunner): Promise<void> {
    for (const name of ['keep_all_epochs', 'keep_epoch', 'keep_epoch_sequence'])
      await db.query(`DROP TRIGGER ${name} ON epoch`);
    for (const name of ['keep_all_tokens', 'keep_unexpired_tokens', 'keep_uses', 'keep_token'])
      await db.query(`DROP TRIGGER ${name} ON access_token`);
    for (const name of ['keep_epoch', 'keep_unexpired_tokens', 'forbid_change'])
      await db.query(`DROP FUNCTION ${name}`);
  }
}
