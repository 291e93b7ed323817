import type { DataSource } from 'typeorm';
import type { AppConfig } from '../../config/app-config.js';
import { APPEND_ONLY } from '../../database/grants.js';
import { absentTriggers } from '../../database/protective-triggers.js';
import type { SchemaState } from '../../database/migrate.js';
import { readClaim } from '../../revocation/database-claim.js';
import { differenceOf, type UrlVariable } from '../database-check.js';
import { fault, type Finding, ok, warning } from './finding.js';

export const SAME_DATABASE = 'same database';

/** Whether a URL leads to the database of DATABASE_URL. */
export function databaseFinding(config: AppConfig, variable: UrlVariable, isSame: boolean): Finding {
  if (isSame) return ok(SAME_DATABASE, `${variable} and DATABASE_URL lead to one database`);
  return fault(
    SAME_DATABASE,
    differenceOf(config, variable),
    'Set both to the same database; until then no replica starts',
  );
}

/** Whether the tables are those of this version. Nothing else can be asked of a schema that is behind. */
export function schemaFinding({ missing, isTooNew }: SchemaState, migratesOnStart: boolean): Finding {
  const check = 'schema';
  if (isTooNew)
    return fault(
      check,
      'of a later version, which took away what this one rests on',
      'Run that version or a later one',
    );
  if (missing.length === 0) return ok(check, 'as this version needs it');
  const message = `behind: ${missing.join(', ')} missing`;
  if (migratesOnStart) return warning(check, message, 'The next start brings it up');
  return fault(check, message, 'Bring it up: token-auth migrate');
}

/** Whether the database may be an older state of itself. */
export async function restoreCheck(db: DataSource): Promise<Finding> {
  const { isElsewhere } = await readClaim(db.manager);
  if (!isElsewhere) return ok('restore', 'nothing says that the database went back');
  return fault(
    'restore',
    'the database may be an older state of itself, and nothing is accepted',
    'Read docs/restore.md, then: token-auth restore accept',
  );
}

/** Whether the triggers are in place that keep revocations and keys from being taken back. */
export async function triggerCheck(db: DataSource): Promise<Finding> {
  const absent = await absentTriggers(db);
  if (absent.length === 0) return ok('triggers', 'no statement can take back a revocation or the end of a key');
  return fault(
    'triggers',
    `missing or disabled: ${absent.join(', ')}`,
    'Find out who did that. As the owner: ALTER TABLE … ENABLE TRIGGER …; a missing one is in the migrations',
  );
}

interface Rights {
  table: string;
  reads: boolean;
  adds: boolean;
  rewrites: boolean;
}

/** What the service's role may do to the tables that are append-only to it. */
export async function rightsChecks(db: DataSource): Promise<Finding[]> {
  const rows: Rights[] = await db.query(
    `SELECT t AS table, has_table_privilege(t, 'SELECT') AS reads, has_table_privilege(t, 'INSERT') AS adds,
       has_table_privilege(t, 'UPDATE') OR has_table_privilege(t, 'DELETE') OR has_table_privilege(t, 'TRUNCATE') AS rewrites
     FROM unnest($1::text[]) WITH ORDINALITY AS tables (t, position) ORDER BY position`,
    [APPEND_ONLY],
  );
  return rows.map(rightsFinding);
}

function rightsFinding({ table, reads, adds, rewrites }: Rights): Finding {
  const check = 'rights';
  if (!reads || !adds)
    return fault(
      check,
      `the role may not ${reads ? 'add to' : 'read'} ${table}`,
      'Let it, as the owner of the schema: token-auth migrate --service-role <role>',
    );
  if (!rewrites) return ok(check, `the role may read and add to ${table}, and no more`);
  return warning(
    check,
    `the role may change what is in ${table}`,
    'Run the service under a role that is set up by: token-auth migrate --service-role <role>',
  );
}

/** Whether somebody may remove what has had its time. */
export function retentionFinding(mayRemove: readonly { table: string; may: boolean }[], hasUrl: boolean): Finding {
  const kept = mayRemove.filter(({ may }) => !may).map(({ table }) => table);
  if (kept.length === 0) return ok('retention', 'what has had its time may be removed');
  const remedy = hasUrl
    ? 'Let the role of RETENTION_DATABASE_URL: token-auth migrate --retention-role <role>'
    : 'Set RETENTION_DATABASE_URL to a role that is set up by: token-auth migrate --retention-role <role>';
  return warning('retention', `nobody may remove what has had its time from ${kept.join(', ')}`, remedy);
}
