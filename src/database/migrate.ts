import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source-options.js';
import { migrations } from './migrations/index.js';

/** The key of the advisory lock under which one replica at a time migrates. */
const MIGRATION_LOCK = 0x746f_6b30;

/** Runs the migrations that are missing, and gives their names. Safe to call from many replicas at once. */
export async function migrate(url: string): Promise<string[]> {
  const dataSource = await open(url);
  const lock = dataSource.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return (await dataSource.runMigrations({ transaction: 'each' })).map(({ name }) => name);
  } finally {
    await lock.release();
    await dataSource.destroy();
  }
}

/** The names of the migrations that this code needs and the database lacks. */
export async function missingMigrations(url: string): Promise<string[]> {
  const dataSource = await open(url);
  try {
    return await missingFrom(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

/** The same by a connection that is open. */
export async function missingFrom(dataSource: DataSource): Promise<string[]> {
  const [table]: { exists: boolean }[] = await dataSource.query(
    `SELECT to_regclass('migration') IS NOT NULL AS exists`,
  );
  const done: { name: string }[] = table?.exists ? await dataSource.query('SELECT name FROM migration') : [];
  const names = new Set(done.map(({ name }) => name));
  return migrations.map(({ name }) => name).filter((name) => !names.has(name));
}

const open = (url: string): Promise<DataSource> =>
  new DataSource(dataSourceOptions({ url, poolSize: 2, hasTimeouts: false })).initialize();
