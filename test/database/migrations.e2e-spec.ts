import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { migrate, missingFrom, schemaState } from '../../src/database/migrate.js';
import { BindSigningKeys1797200000000 } from '../../src/database/migrations/1797200000000-bind-signing-keys.js';
import { UncoupleUsage1796900000000 } from '../../src/database/migrations/1796900000000-uncouple-usage.js';
import { absentTriggers, PROTECTIVE_TRIGGERS } from '../../src/database/protective-triggers.js';
import { migrations } from '../../src/database/migrations/index.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';

const open = (url: string) => new DataSource(dataSourceOptions({ url, poolSize: 2, hasTimeouts: false })).initialize();

/** Everything that the schema says, in a form that two schemas can be compared in. */
const SCHEMA = `
  SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') AS line
  FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'migration'
  UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid <> to_regclass('migration')
  UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'migration'
  UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  ORDER BY 1`;

describe('migrations', () => {
  let url: string;
  beforeEach(async () => {
    url = await createDatabase({ isMigrated: false });
  });
  afterEach(() => dropDatabase(url));

  it('make the schema that the entities describe', async () => {
    await migrate(url);
    const db = await open(url);
    const { upQueries } = await db.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
    await db.destroy();
  });

  it('can each be undone and redone, and leave the same schema', async () => {
    await migrate(url);
    const db = await open(url);
    const before: unknown = await db.query(SCHEMA);
    for (const { constructor } of db.migrations.toReversed()) {
      await db.undoLastMigration();
      expect((await schemaState(url)).missing).toContain(constructor.name);
    }
    expect(await db.query(SCHEMA)).toEqual([]);
    expect(await db.runMigrations({ transaction: 'each' })).toHaveLength(db.migrations.length);
    expect(await db.query(SCHEMA)).toEqual(before);
    await db.destroy();
  });

  it('can be undone where a token has left while a use of it was written', async () => {
    await migrate(url);
    const db = await open(url);
    await db.query('INSERT INTO access_token_usage VALUES ($1, 1, now(), NULL)', [randomUUID()]);
    while ((await missingFrom(db)).at(0) !== UncoupleUsage1796900000000.name) await db.undoLastMigration();
    expect(await db.query('SELECT FROM access_token_usage')).toEqual([]);
    await db.destroy();
  });

  it('mark the signing keys that are there as adoptable, and none that come later', async () => {
    await migrate(url);
    const db = await open(url);
    while ((await missingFrom(db)).at(0) !== BindSigningKeys1797200000000.name) await db.undoLastMigration();
    const add = (kid: string, state: string): Promise<unknown> =>
      db.query(
        `INSERT INTO signing_key (kid, algorithm, public_jwk, state, created_at, state_since)
         VALUES ($1, 'ES256', '{}', $2, now(), now())`,
        [kid, state],
      );
    for (const state of ['next', 'active', 'retiring', 'retired', 'revoked']) await add(state, state);
    await migrate(url);
    await add('later', 'retiring');
    const marked = await db.query('SELECT kid FROM signing_key WHERE is_adoptable ORDER BY kid');
    expect(marked).toEqual([{ kid: 'active' }, { kid: 'next' }, { kid: 'retiring' }]);
    await db.destroy();
  });

  it('lay out every trigger that doctor looks for, and no other that forbids something', async () => {
    await migrate(url);
    const db = await open(url);
    expect(await absentTriggers(db)).toEqual([]);
    const rows: { name: string }[] = await db.query(
      `SELECT tgrelid::regclass || '.' || tgname AS name FROM pg_trigger WHERE NOT tgisinternal`,
    );
    const wanted = Object.entries(PROTECTIVE_TRIGGERS).flatMap(([table, names]) =>
      names.map((name) => `${table}.${name}`),
    );
    const others = rows.map(({ name }) => name).filter((name) => !wanted.includes(name));
    expect(others).toEqual(['access_token.remove_usage']);
    await db.destroy();
  });

  it('run once, however many replicas start at the same time', async () => {
    const done = await Promise.all(Array.from({ length: 8 }, () => migrate(url)));
    expect(done.flat().toSorted()).toEqual(migrations.map(({ name }) => name).toSorted());
    expect((await schemaState(url)).missing).toEqual([]);
  });

  it('have an index for every foreign key', async () => {
    await migrate(url);
    const db = await open(url);
    const bare: unknown = await db.query(`
      SELECT conname FROM pg_constraint c
      WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1])`);
    expect(bare).toEqual([]);
    await db.destroy();
  });
});
