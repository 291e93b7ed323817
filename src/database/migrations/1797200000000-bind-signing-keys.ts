import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Binds signing keys to `KEY_ENCRYPTION_KEYS` by a MAC, and lets no statement revive a key. The keys that are there now
 * are marked, because those without a private half have nothing else to prove that the service made them. A trigger keeps
 * the mark from any key that comes later, and takes the MAC from a key that is retired or revoked. Its search path is fixed,
 * because a caller's own could replace the operators.
 */
export class BindSigningKeys1797200000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    // The lock of this statement also keeps others from holding rows that the UPDATE needs.
    await db.query(`
      ALTER TABLE signing_key ADD COLUMN mac bytea, ADD COLUMN is_adoptable boolean NOT NULL DEFAULT false`);
    await db.query(`UPDATE signing_key SET is_adoptable = true WHERE state NOT IN ('retired', 'revoked')`);
    await db.query(`
      CREATE FUNCTION protect_signing_key() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
      BEGIN
        IF TG_OP = 'UPDATE' THEN
          IF NEW.kid <> OLD.kid OR NEW.algorithm <> OLD.algorithm OR NEW.public_jwk <> OLD.public_jwk THEN
            RAISE EXCEPTION 'A signing key cannot be changed into another' USING ERRCODE = 'insufficient_privilege';
          END IF;
          IF OLD.state = 'revoked' AND NEW.state <> 'revoked'
              OR OLD.state = 'retired' AND NEW.state NOT IN ('retired', 'revoked') THEN
            RAISE EXCEPTION 'A signing key that was % cannot become %', OLD.state, NEW.state
              USING ERRCODE = 'insufficient_privilege';
          END IF;
        END IF;
        IF NEW.is_adoptable AND (TG_OP = 'INSERT' OR NOT OLD.is_adoptable) THEN
          RAISE EXCEPTION 'Only a migration marks a signing key as adoptable' USING ERRCODE = 'insufficient_privilege';
        END IF;
        IF NEW.state IN ('retired', 'revoked') THEN
          NEW.mac := NULL;
          NEW.sealed_private_key := NULL;
          NEW.is_adoptable := false;
        ELSIF TG_OP = 'UPDATE' AND OLD.mac IS NOT NULL AND NEW.mac IS NULL THEN
          RAISE EXCEPTION 'The MAC of a signing key cannot be removed' USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
      END $$`);
    await db.query(`
      CREATE FUNCTION forbid_statement() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
      BEGIN
        RAISE EXCEPTION '% is not allowed on "%"', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
      END $$`);
    await db.query(`
      CREATE TRIGGER protect_signing_key BEFORE INSERT OR UPDATE ON signing_key
      FOR EACH ROW EXECUTE FUNCTION protect_signing_key()`);
    await db.query(`
      CREATE TRIGGER keep_signing_keys BEFORE DELETE OR TRUNCATE ON signing_key
      FOR EACH STATEMENT EXECUTE FUNCTION forbid_statement()`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TRIGGER keep_signing_keys ON signing_key');
    await db.query('DROP TRIGGER protect_signing_key ON signing_key');
    await db.query('DROP FUNCTION forbid_statement');
    await db.query('DROP FUNCTION protect_signing_key');
    await db.query('ALTER TABLE signing_key DROP COLUMN is_adoptable, DROP COLUMN mac');
  }
}
