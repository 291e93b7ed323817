import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { createIndexConcurrently } from '../../src/database/create-index.js';
import { migrate, schemaState } from '../../src/database/migrate.js';
import { migrations } from '../../src/database/migrations/index.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { waitsForLock } from '../support/waiting.js';

const MIGRATIONS = join(__dirname, '../../src/database/migrations');

/** Up to this one, migrations lay out a database in which nobody works yet. */
const LAST_ON_AN_EMPTY_DATABASE = 1796300000000;

const INDEX = { name: 'ix_audit_event_req_id', on: 'audit_event (req_id)' };

class IndexRequests9999999999001 implements MigrationInterface {
  transaction = false;

  up = (db: QueryRunner): Promise<void> => createIndexConcurrently(db, INDEX);

  down = (db: QueryRunner): Promise<void> => db.query(`DROP INDEX ${INDEX.name}`);
}

class IndexRequestsOnce9999999999002 extends IndexRequests9999999999001 {
  override up = (db: QueryRunner): Promise<void> => createIndexConcurrently(db, { ...INDEX, isUnique: true });
}

class ForgetNoTransaction9999999999003 extends IndexRequests9999999999001 {
  override transaction = true;
}

class AddColumn9999999999004 implements MigrationInterface {
  up = (db: QueryRunner): Promise<void> => db.query('ALTER TABLE instance ADD COLUMN extra text');

  down = (db: QueryRunner): Promise<void> => db.query('ALTER TABLE instance DROP COLUMN extra');
}

const WRITE = `
  INSERT INTO audit_event (id, event, outcome, details, req_id, created_at)
  VALUES ($1, 'an-event', 'success', '{}', $2, now())`;

describe('migrations under traffic', () => {
  let url: string;
  let db: DataSource;
  beforeEach(async () => {
    // TypeORM tells there of migrations that fail.
    jest.spyOn(console, 'log').mockImplementation();
    url = await createDatabase();
    // What waits for longer fails, as it would in the service.
    db = await new DataSource({ type: 'postgres', url, extra: { lock_timeout: 1000 } }).initialize();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await db.destroy();
    await dropDatabase(url);
  });

  const migrateWith = (...more: (new () => MigrationInterface)[]) => migrate(url, { list: [...migrations, ...more] });
  const write = (reqId: string = randomUUID()): Promise<unknown> => db.query(WRITE, [randomUUID(), reqId]);
  /** Whether the index is there, and serves. */
  const index = async (): Promise<unknown> => {
    const rows: { valid: boolean }[] = await db.query(
      'SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)',
      [INDEX.name],
    );
    return rows[0]?.valid ?? null;
  };

  /** A transaction that has written and goes on. */
  const givenOpenTransaction = async (): Promise<QueryRunner> => {
    const runner = db.createQueryRunner();
    await runner.startTransaction();
    await runner.query(WRITE, [randomUUID(), randomUUID()]);
    await runner.query('SELECT FROM instance');
    return runner;
  };

  it('build an index while others write, though many replicas migrate at once and one transaction is slow', async () => {
    const slow = await givenOpenTransaction();
    const migrating = Promise.all(Array.from({ length: 5 }, () => migrateWith(IndexRequests9999999999001)));
    await waitsForLock(db, 'CONCURRENTLY');
    for (let written = 0; written < 20; written += 1) await write();
    expect(await index()).toBe(false);
    await slow.commitTransaction();
    await slow.release();
    expect((await migrating).flat()).toEqual(['IndexRequests9999999999001']);
    expect(await index()).toBe(true);
  });

  it('remove an index whose build failed, and build it anew', async () => {
    await write('twice');
    await write('twice');
    await expect(migrateWith(IndexRequestsOnce9999999999002)).rejects.toThrow('could not create unique index');
    expect(await index()).toBeNull();
    // A build that nobody was left to clean up after.
    await expect(db.query(`CREATE UNIQUE INDEX CONCURRENTLY ${INDEX.name} ON ${INDEX.on}`)).rejects.toThrow('unique');
    expect(await index()).toBe(false);
    await db.query('DELETE FROM audit_event');
    await migrateWith(IndexRequestsOnce9999999999002);
    expect(await index()).toBe(true);
  });

  it('are told when they build an index in a transaction', async () => {
    await expect(migrateWith(ForgetNoTransaction9999999999003)).rejects.toThrow('transaction = false');
  });

  it('that change a table let others pass while they wait for it, and try again', async () => {
    const slow = await givenOpenTransaction();
    const migrating = migrateWith(AddColumn9999999999004);
    await waitsForLock(db, 'ADD COLUMN');
    await db.query('SELECT FROM instance');
    await waitsForLock(db, 'ADD COLUMN');
    await slow.commitTransaction();
    await slow.release();
    expect(await migrating).toEqual(['AddColumn9999999999004']);
  });

  it('may go ahead of the code until one of them ends what it rests on', async () => {
    await migrateWith(AddColumn9999999999004);
    expect(await schemaState(url)).toEqual({ missing: [], isTooNew: false });
    const latest = Math.max(...migrations.map(({ name }) => Number(name.slice(-13))));
    for (const [floor, isTooNew] of [
      [latest, false],
      [latest + 1, true],
    ]) {
      await db.query('UPDATE instance SET schema_floor = $1', [floor]);
      expect(await schemaState(url)).toEqual({ missing: [], isTooNew });
    }
  });

  describe('by their text, from the first that a database in use has met', () => {
    const texts = readdirSync(MIGRATIONS)
      .filter((name) => Number(name.slice(0, 13)) > LAST_ON_AN_EMPTY_DATABASE)
      .map((name) => readFileSync(join(MIGRATIONS, name), 'utf8'))
      // Nothing runs while a migration is undone.
      .map((text) => text.split('async down(')[0] ?? '');

    it('build every index on a table that was there before without making writers wait', () => {
      expect(texts.flatMap(blockingIndexes)).toEqual([]);
      for (const statement of [
        'CREATE UNIQUE INDEX uq_x ON role (x)',
        'create index if not exists uq_x on role (x)',
        'CREATE INDEX ON role (x)',
        'ALTER TABLE role ADD CONSTRAINT uq_x UNIQUE (x)',
        'ALTER TABLE role ADD PRIMARY KEY (x)',
        'ALTER TABLE role ADD COLUMN x text UNIQUE',
        'REINDEX TABLE role',
      ])
        expect(blockingIndexes(`await db.query('${statement}')`)).toHaveLength(1);
      expect(blockingIndexes("await db.createIndex('role', index)")).toHaveLength(1);
      for (const statement of [
        'CREATE INDEX CONCURRENTLY uq_x ON role (x)',
        'ALTER TABLE role ADD CONSTRAINT uq_x UNIQUE USING INDEX uq_x',
        'ALTER TABLE role ADD COLUMN x text',
      ])
        expect(blockingIndexes(`await db.query('${statement}')`)).toEqual([]);
      expect(blockingIndexes('`CREATE TABLE role (x text)`, `CREATE INDEX ix_x ON role (x)`')).toEqual([]);
    });

    it('take nothing away that the version before rests on, or say so to it', () => {
      expect(texts.flatMap(losses)).toEqual([]);
      for (const statement of [
        'ALTER TABLE role DROP COLUMN x',
        'DROP TABLE role',
        'ALTER TABLE role RENAME TO roles',
        'ALTER TABLE role ALTER COLUMN x SET NOT NULL',
        'ALTER TABLE role ALTER COLUMN x TYPE bigint',
        'ALTER TABLE role ADD COLUMN x text NOT NULL',
      ]) {
        expect(losses(`up() { '${statement}' } down() {}`)).toHaveLength(1);
        expect(losses(`up() { '${statement}', 'UPDATE instance SET schema_floor = 1' } down() {}`)).toEqual([]);
        expect(losses(`up() {} down() { '${statement}' }`)).toEqual([]);
      }
      expect(losses(`up() { 'ALTER TABLE role ADD COLUMN x bigint NOT NULL DEFAULT 0' } down() {}`)).toEqual([]);
    });
  });
});

const BUILDS = [
  /CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY)(?:IF NOT EXISTS )?(?:\w+ )?\s*ON (?:ONLY )?(\w+)/gi,
  /ALTER TABLE (?:ONLY )?(\w+)[^`';]*? ADD [^`';]*?(?:UNIQUE|PRIMARY KEY|EXCLUDE)(?! USING INDEX)/gi,
  /REINDEX (?:TABLE|INDEX) (?!CONCURRENTLY)(\w+)/gi,
  /\.create(?:Index|Indices|UniqueConstraint|UniqueConstraints|PrimaryKey)\(['"](\w+)/g,
];

/** What builds an index while nobody may write to its table, unless the table came with it. */
function blockingIndexes(text: string): string[] {
  return BUILDS.flatMap((build) => [...text.matchAll(build)])
    .filter(([, table = '']) => !text.includes(`CREATE TABLE ${table} `))
    .map(([statement]) => statement);
}

const LOSS =
  /DROP (?:TABLE|COLUMN)|RENAME |SET NOT NULL|ALTER COLUMN \w+ (?:SET DATA )?TYPE|ADD COLUMN (?:(?!DEFAULT)[^`',])*NOT NULL(?! DEFAULT)/g;

/** What a way up does that code of before may not survive, unless that code is kept from starting. */
function losses(text: string): string[] {
  const [up = ''] = text.split(/\bdown\(/);
  return up.includes('schema_floor =') ? [] : (up.match(LOSS) ?? []);
}
