import pg from 'pg';
import type { QueryRunner } from 'typeorm';
import { DatabaseUnusableError } from './wait-for-database.js';

/** The roles that work on the schema without owning it; only those that are named are set up. */
export interface SchemaRoles {
  /** Of `DATABASE_URL`. */
  service?: string;
  /** Of `RETENTION_DATABASE_URL`. */
  retention?: string;
}

type Privilege = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE' | 'TRIGGER';

/** With these, a role could change what protects the tables, or what is protected. */
const DANGEROUS = ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER'] as const;

/** Tables that the service's own role may add to and read, and neither change nor take back: what is dead, and who did what. */
export const APPEND_ONLY = ['revocation', 'audit_event'];

/** The tables on which the service's own role has fewer privileges than on the others. */
const SERVICE_MAY: Readonly<Record<string, readonly Privilege[]>> = {
  migration: ['SELECT'],
  revocation: ['SELECT', 'INSERT'],
  audit_event: ['SELECT', 'INSERT'],
  signing_key: ['SELECT', 'INSERT', 'UPDATE'],
  instance: ['SELECT', 'UPDATE'],
};

const serviceMay = (table: string): readonly Privilege[] =>
  SERVICE_MAY[table] ?? ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

const retentionMay = (table: string): readonly Privilege[] => (APPEND_ONLY.includes(table) ? ['SELECT', 'DELETE'] : []);

/**
 * Gives each role exactly what it needs on the tables and takes away what is more, all at once: others see the grants
 * of before or those of after. To be repeated after each migration, for that may have brought a table.
 */
export async function grantTo({ service, retention }: SchemaRoles, tables: string[], db: QueryRunner): Promise<void> {
  await db.startTransaction();
  try {
    for (const table of tables) {
      if (service !== undefined) await grant(db, service, table, serviceMay(table));
      if (retention !== undefined) await grant(db, retention, table, retentionMay(table));
    }
    await db.commitTransaction();
  } catch (error) {
    await db.rollbackTransaction();
    throw error;
  }
}

async function grant(db: QueryRunner, role: string, table: string, wanted: readonly Privilege[]): Promise<void> {
  await checkRole(db, role);
  const [name, on] = [pg.escapeIdentifier(role), pg.escapeIdentifier(table)];
  await db.query(`REVOKE ALL ON ${on} FROM ${name}`);
  if (wanted.length > 0) await db.query(`GRANT ${wanted.join(', ')} ON ${on} TO ${name}`);
  const rows: { privilege: string }[] = await db.query(
    `SELECT privilege FROM unnest($3::text[]) AS excess (privilege) WHERE has_table_privilege($1, $2, privilege)`,
    [role, table, DANGEROUS.filter((privilege) => !wanted.includes(privilege))],
  );
  const excess = rows.map(({ privilege }) => privilege).join(' or ');
  if (excess !== '')
    throw new DatabaseUnusableError(`Through another role, "${role}" may still ${excess} in "${table}"`);
}

/**
 * Refuses a role that could go around privileges and triggers: the owner of the tables, a superuser, and one that can
 * become either.
 */
async function checkRole(db: QueryRunner, role: string): Promise<void> {
  const [row]: { exists: boolean; owns: boolean | null }[] = await db.query(
    `SELECT to_regrole(quote_ident($1)) IS NOT NULL AS exists,
       pg_has_role(to_regrole(quote_ident($1)), current_user, 'MEMBER') AS owns`,
    [role],
  );
  if (!row?.exists) throw new DatabaseUnusableError(`There is no database role "${role}"; create it first`);
  if (row.owns) throw new DatabaseUnusableError(`The role "${role}" owns the schema or is a superuser; take another`);
  const [powers]: { canCreateRoles: boolean; isOnHost: boolean }[] = await db.query(
    `SELECT rolcreaterole AS "canCreateRoles", pg_has_role(oid, 'pg_execute_server_program', 'MEMBER')
       OR pg_has_role(oid, 'pg_write_server_files', 'MEMBER') AS "isOnHost"
     FROM pg_roles WHERE rolname = $1`,
    [role],
  );
  if (powers?.canCreateRoles)
    throw new DatabaseUnusableError(
      `The role "${role}" may create roles, and so become another: ALTER ROLE … NOCREATEROLE`,
    );
  if (powers?.isOnHost)
    throw new DatabaseUnusableError(`The role "${role}" may write to the host of the database; take another`);
  if (await maySwitchOffTriggers(db, role))
    throw new DatabaseUnusableError(
      `The role "${role}" may switch off triggers: REVOKE SET ON PARAMETER session_replication_role FROM …`,
    );
}

/** PostgreSQL 14 lets only superusers set the parameter, and has no such privilege. */
async function maySwitchOffTriggers(db: QueryRunner, role: string): Promise<boolean> {
  const [known]: { exists: boolean }[] = await db.query(
    `SELECT to_regprocedure('has_parameter_privilege(name,text,text)') IS NOT NULL AS exists`,
  );
  if (!known?.exists) return false;
  const [row]: { may: boolean }[] = await db.query(
    `SELECT has_parameter_privilege($1::name, 'session_replication_role', 'SET') AS may`,
    [role],
  );
  return row?.may ?? false;
}
