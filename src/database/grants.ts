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

type Privilege = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE';

/** Tables that the service's own role may add to and read, and neither change nor take back: what is dead, and who did what. */
export const APPEND_ONLY = ['revocation', 'audit_event'];

const serviceMay = (table: string): readonly Privilege[] => {
  if (table === 'migration') return ['SELECT'];
  return APPEND_ONLY.includes(table) ? ['SELECT', 'INSERT'] : ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];
};

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
  if (!APPEND_ONLY.includes(table)) return;
  const excess = (['UPDATE', 'DELETE', 'TRUNCATE'] as const).filter((privilege) => !wanted.includes(privilege));
  const [row]: { may: boolean }[] = await db.query('SELECT has_table_privilege($1, $2, $3) AS may', [
    role,
    table,
    excess.join(', '),
  ]);
  if (row?.may)
    throw new DatabaseUnusableError(`Through another role, "${role}" may still ${excess.join(' or ')} in "${table}"`);
}

/** What belongs to a role can't be kept from it. */
async function checkRole(db: QueryRunner, role: string): Promise<void> {
  const [row]: { exists: boolean; owns: boolean | null }[] = await db.query(
    `SELECT to_regrole(quote_ident($1)) IS NOT NULL AS exists,
       pg_has_role(to_regrole(quote_ident($1)), current_user, 'MEMBER') AS owns`,
    [role],
  );
  if (!row?.exists) throw new DatabaseUnusableError(`There is no database role "${role}"; create it first`);
  if (row.owns) throw new DatabaseUnusableError(`The role "${role}" owns the schema or is a superuser; take another`);
}
