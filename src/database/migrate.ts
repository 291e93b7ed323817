import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource, MigrationExecutor, type MigrationInterface, type QueryRunner } from 'typeorm';
import { isLockTimeout } from '../common/errors/postgres-errors.js';
import { dataSourceOptions } from './data-source-options.js';
import { grantTo, type SchemaRoles } from './grants.js';
import { underMigrationLock } from './migration-lock.js';
import { migrations } from './migrations/index.js';

/**
 * Milliseconds that a change of a table waits for it. While it waits, everybody else waits behind it, so it gives way
 * before they give up, and tries again.
 */
const LOCK_TIMEOUT_MS = 500;
const PAUSE_MS = 1000;
const ATTEMPTS = 120;

type MigrationClass = new () => MigrationInterface;

type Queryable = Pick<DataSource | QueryRunner, 'query'>;

export interface MigrateOptions {
  /** Who may do what is set anew each time, when anybody is named. */
  roles?: SchemaRoles;
  list?: MigrationClass[];
}

/** Runs the migrations that are missing, and gives their names. Safe to call from many replicas at once. */
export async function migrate(url: string, { roles = {}, list = migrations }: MigrateOptions = {}): Promise<string[]> {
  const dataSource = await open(url, list);
  try {
    return await underMigrationLock(dataSource, async (runner) => {
      const missing = await missingFrom(runner, list);
      await runMissing(dataSource, runner);
      await grantTo(roles, tablesOf(dataSource), runner);
      return missing;
    });
  } finally {
    await dataSource.destroy();
  }
}

/** How the schema stands to this code. */
export interface SchemaState {
  /** The migrations that this code needs and the database lacks. */
  missing: string[];
  /** Later migrations ended what this code rests on; those that only add to the schema don't count. */
  isTooNew: boolean;
}

export async function schemaState(url: string): Promise<SchemaState> {
  const dataSource = await open(url, migrations);
  try {
    return await stateOf(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

/** The names of the migrations that this code needs and the database lacks. */
export async function missingFrom(db: Queryable, list: MigrationClass[] = migrations): Promise<string[]> {
  const [table]: { exists: boolean }[] = await db.query(`SELECT to_regclass('migration') IS NOT NULL AS exists`);
  const done: { name: string }[] = table?.exists ? await db.query('SELECT name FROM migration') : [];
  const names = new Set(done.map(({ name }) => name));
  return list.map(({ name }) => name).filter((name) => !names.has(name));
}

async function stateOf(db: Queryable): Promise<SchemaState> {
  const missing = await missingFrom(db);
  return { missing, isTooNew: missing.length === 0 && (await floorOf(db)) > latestOf(migrations) };
}

async function floorOf(db: Queryable): Promise<number> {
  const [row]: { floor: number }[] = await db.query('SELECT schema_floor::float8 AS floor FROM instance WHERE id = 1');
  return row?.floor ?? 0;
}

/** The timestamp at the end of each name tells the order. */
const latestOf = (list: { name: string }[]): number =>
  Math.max(...list.map(({ name }) => Number(/\d{13}$/.exec(name)?.[0] ?? 0)));

async function runMissing(dataSource: DataSource, runner: QueryRunner): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const executor = new MigrationExecutor(dataSource, runner);
      executor.transaction = 'each';
      await executor.executePendingMigrations();
      return;
    } catch (error) {
      if (attempt === ATTEMPTS || !isLockTimeout(error)) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

const tablesOf = ({ entityMetadatas }: DataSource): string[] => [
  'migration',
  ...entityMetadatas.map(({ tableName }) => tableName),
];

async function open(url: string, list: MigrationClass[]): Promise<DataSource> {
  const options = dataSourceOptions({ url, poolSize: 1, hasTimeouts: false });
  const extra = { ...options.extra, lock_timeout: LOCK_TIMEOUT_MS };
  return new DataSource({ ...options, migrations: list, extra }).initialize();
}
