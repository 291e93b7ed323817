import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { migrate } from '../../src/database/migrate.js';
import { commandLine } from '../support/command-line.js';
import { TestApp } from '../support/test-app.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';

interface Finding {
  check: string;
  level: string;
  message: string;
  remedy?: string;
}

/** What the server of the test run is, on purpose. */
const HASTY = ['fsync', 'full_page_writes', 'synchronous_commit'];

describe('token-auth doctor', () => {
  let app: TestApp;
  let db: DataSource;
  const role = `doctor_${randomBytes(6).toString('hex')}`;
  beforeAll(async () => {
    app = await TestApp.start();
    db = app.db;
    await db.query(`CREATE ROLE ${role} LOGIN PASSWORD 'a-password'`);
    await migrate(app.backing.databaseUrl, { roles: { service: role } });
  });
  afterAll(async () => {
    await db.query(`DROP OWNED BY ${role}`);
    await db.query(`DROP ROLE ${role}`);
    await app.stop();
  });

  const environment = (changes: Record<string, string> = {}) => ({
    DATABASE_URL: app.backing.databaseUrl,
    ISSUER: 'https://tokens.example',
    // The clock of the test stands long ago.
    SIGNING_KEY_MAX_AGE: '0',
    KEY_ENCRYPTION_KEYS: app.backing.keyEncryptionKeys.map((key) => key.toString('base64')).join(','),
    ...changes,
  });
  const examine = async (changes: Record<string, string> = {}) => {
    const { status, stdout, stderr } = await commandLine(['doctor', '--json'], { env: environment(changes) });
    const { findings, ...counts } = JSON.parse(stdout) as { faults: number; warnings: number; findings: Finding[] };
    expect(status).toBe(counts.faults > 0 ? 1 : 0);
    return { findings, counts, stderr, bad: findings.filter(({ level }) => level !== 'ok') };
  };
  /** What is wrong beside what the server of the test run is. */
  const wrong = async (changes: Record<string, string> = {}) =>
    (await examine(changes)).bad.filter(({ check }) => ![...HASTY, 'synchronous_standby_names'].includes(check));
  const asRole = (): string => {
    const url = new URL(app.backing.databaseUrl);
    url.username = role;
    url.password = 'a-password';
    return url.href;
  };

  it('finds that the server of the tests keeps nothing, in JSON and in words, and fails', async () => {
    const { findings, counts, stderr } = await examine();
    expect(counts.faults).toBe(3);
    expect(findings.filter(({ level }) => level === 'fault').map(({ check }) => check)).toEqual(HASTY);
    expect(stderr).toBe(`3 faults, ${counts.warnings} warnings\n`);
    const { status, stdout } = await commandLine(['doctor'], { env: environment() });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^fault +fsync +off: revoked tokens may live again after a crash$/m);
    expect(stdout).toMatch(/\n\nTo mend:\n[\s\S]*^fault +fsync +Set fsync = on/m);
  });

  it('finds all else well with a role that may do what it is to do, and another for retention', async () => {
    expect(await wrong({ DATABASE_URL: asRole(), RETENTION_DATABASE_URL: app.backing.databaseUrl })).toEqual([]);
  });

  it('warns of a role that may do more, and of rows that nobody may remove', async () => {
    expect(await wrong()).toMatchObject([
      { check: 'rights', level: 'warning', message: 'the role may change what is in revocation' },
      { check: 'rights', level: 'warning', message: 'the role may change what is in audit_event' },
    ]);
    expect(await wrong({ DATABASE_URL: asRole() })).toMatchObject([
      { check: 'retention', level: 'warning', remedy: expect.stringContaining('Set RETENTION_DATABASE_URL') },
    ]);
  });

  it('finds that a role may not do what it has to', async () => {
    await db.query(`REVOKE INSERT ON audit_event FROM ${role}`);
    const found = await wrong({ DATABASE_URL: asRole(), RETENTION_DATABASE_URL: app.backing.databaseUrl });
    await db.query(`GRANT INSERT ON audit_event TO ${role}`);
    expect(found).toMatchObject([{ check: 'rights', level: 'fault', message: 'the role may not add to audit_event' }]);
  });

  it('finds settings that do not arrive as they are asked for', async () => {
    const url = new URL(asRole());
    url.searchParams.set('options', '-c jit=on');
    const found = (await wrong({ DATABASE_URL: url.href })).find(({ check }) => check === 'session settings');
    expect(found).toMatchObject({ level: 'fault', message: expect.stringContaining('jit') });
  });

  it('finds keys that do not open, and shows none', async () => {
    const other = randomBytes(32).toString('base64');
    const { bad, findings } = await examine({ KEY_ENCRYPTION_KEYS: other });
    expect(bad).toContainEqual({
      check: 'signing key',
      level: 'fault',
      message: expect.stringMatching(/^\S+ \(ES256, active\) does not open$/),
      remedy: expect.stringContaining('KEY_ENCRYPTION_KEYS'),
    });
    expect(JSON.stringify(findings)).not.toContain(other);
  });

  it('finds that the database may have gone back', async () => {
    const claim = await db.query('SELECT database_oid AS oid FROM instance');
    await db.query('UPDATE instance SET database_oid = 1');
    const found = await wrong();
    await db.query('UPDATE instance SET database_oid = $1', [claim[0].oid]);
    expect(found[0]).toMatchObject({
      check: 'restore',
      level: 'fault',
      remedy: expect.stringContaining('restore accept'),
    });
  });

  it('finds a schema that is behind or too far ahead, and changes nothing', async () => {
    const url = await createDatabase({ isMigrated: false });
    const [first, second] = [await wrong({ DATABASE_URL: url }), await wrong({ DATABASE_URL: url })];
    const onStart = await wrong({ DATABASE_URL: url, MIGRATE_ON_START: 'true' });
    await dropDatabase(url);
    expect(first).toMatchObject([
      { check: 'schema', level: 'fault', message: expect.stringContaining('CreateTables') },
    ]);
    expect(second).toEqual(first);
    expect(onStart).toMatchObject([{ check: 'schema', level: 'warning' }]);
    await db.query('UPDATE instance SET schema_floor = 9999999999999');
    const late = await wrong();
    await db.query('UPDATE instance SET schema_floor = 0');
    expect(late).toMatchObject([{ check: 'schema', level: 'fault', remedy: expect.stringContaining('later one') }]);
  });

  it('tells at once what can not be reached, without the password', async () => {
    const { bad, stderr } = await examine({ DATABASE_URL: 'postgres://nobody:a-password@127.0.0.1:1/none' });
    expect(bad).toMatchObject([
      { check: 'database', level: 'fault', message: expect.stringContaining('ECONNREFUSED') },
    ]);
    const refused = await wrong({ DATABASE_URL: asRole().replace('a-password', 'bad-password') });
    expect(refused).toMatchObject([{ check: 'database', level: 'fault' }]);
    expect(JSON.stringify([bad, refused]) + stderr).not.toContain('-password');
    const direct = await wrong({ DATABASE_DIRECT_URL: 'postgres://127.0.0.1:1/none' });
    expect(direct).toContainEqual(expect.objectContaining({ check: 'direct connection', level: 'fault' }));
  });

  it('tells what is wrong with the environment, and no value', async () => {
    const { bad } = await examine({ PORT: 'a-secret', ISSUER: '' });
    expect(bad).toMatchObject([{ check: 'configuration', level: 'fault', message: expect.stringMatching(/PORT.*/) }]);
    expect(JSON.stringify(bad)).not.toContain('a-secret');
  });
});
