import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { migrate } from '../../src/database/migrate.js';
import { commandLine } from '../support/command-line.js';
import { ManInBetween } from '../support/man-in-between.js';
import { TestApp } from '../support/test-app.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { TlsFiles } from '../support/tls-files.js';

interface Finding {
  check: string;
  level: string;
  message: string;
  remedy?: string;
}

/** How PostgreSQL begins to tell a client the number of its connection. */
const KEY_DATA = Buffer.from([0x4b, 0, 0, 0, 12]);

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
    // The template of the tests has it switched off.
    await db.query('ALTER TABLE access_token ENABLE TRIGGER keep_unexpired_tokens');
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
    expect(await wrong({ DATABASE_URL: asRole(), RETENTION_DATABASE_URL: asRole() })).toMatchObject([
      { check: 'retention', level: 'warning', remedy: expect.stringContaining('Let the role of RETENTION') },
    ]);
  });

  it.each([
    { right: 'INSERT', table: 'audit_event', message: 'the role may not add to audit_event' },
    { right: 'SELECT', table: 'revocation', message: 'the role may not read revocation' },
  ])('finds that a role has not the right to $right that it needs', async ({ right, table, message }) => {
    await db.query(`REVOKE ${right} ON ${table} FROM ${role}`);
    const found = await wrong({ DATABASE_URL: asRole(), RETENTION_DATABASE_URL: app.backing.databaseUrl });
    await db.query(`GRANT ${right} ON ${table} TO ${role}`);
    expect(found).toMatchObject([{ check: 'rights', level: 'fault', message }]);
  });

  it('reports protective triggers that are disabled or missing', async () => {
    await db.query('ALTER TABLE access_token DISABLE TRIGGER keep_token');
    await db.query('ALTER TABLE epoch ENABLE REPLICA TRIGGER keep_epoch');
    const [found] = (await wrong()).filter(({ check }) => check === 'triggers');
    expect(found).toMatchObject({
      level: 'fault',
      message: 'missing or disabled: access_token.keep_token, epoch.keep_epoch',
    });
    await db.query('ALTER TABLE access_token ENABLE TRIGGER keep_token');
    await db.query('ALTER TABLE epoch ENABLE TRIGGER keep_epoch');
    expect((await examine()).findings).toContainEqual(expect.objectContaining({ check: 'triggers', level: 'ok' }));
  });

  it.each(['UPDATE', 'DELETE', 'TRUNCATE'])('warns of a role that has the right to %s alone', async (right) => {
    await db.query(`GRANT ${right} ON revocation TO ${role}`);
    const found = await wrong({ DATABASE_URL: asRole(), RETENTION_DATABASE_URL: app.backing.databaseUrl });
    await db.query(`REVOKE ${right} ON revocation FROM ${role}`);
    expect(found).toMatchObject([{ check: 'rights', level: 'warning' }]);
  });

  it('tells what the server says of itself', async () => {
    const [shown] = await db.query('SHOW max_connections');
    const { findings } = await examine();
    for (const [check, message] of [
      ['synchronous_standby_names', 'empty, and no standby follows'],
      ['connections', `max_connections = ${shown.max_connections}, room for `],
    ])
      expect(findings).toContainEqual(
        expect.objectContaining({ check, message: expect.stringContaining(message ?? '') }),
      );
  });

  it('finds settings that do not arrive as they are asked for', async () => {
    const url = new URL(asRole());
    url.searchParams.set('options', '-c jit=on');
    const found = (await wrong({ DATABASE_URL: url.href })).find(({ check }) => check === 'session settings');
    expect(found).toMatchObject({ level: 'fault', message: expect.stringContaining('jit') });
  });

  describe('where something stands between', () => {
    const between = new ManInBetween();
    afterEach(() => between.close());
    const changing = (change: (said: Buffer) => unknown) => between.changing(app.backing.databaseUrl, change);
    /** Names connections by numbers of its own, as a pooler does. */
    const pooler = () =>
      changing((said) => {
        const at = said.indexOf(KEY_DATA);
        if (at >= 0) said.writeUInt32BE(99_999, at + KEY_DATA.length);
      });

    it.each([
      {
        what: 'too old',
        from: (num: string) => num,
        to: (num: string) => num.replace(/^../, '13'),
        says: /^PostgreSQL/,
      },
      {
        what: 'a standby',
        from: (_num: string, version: string) => `${version}\0\0\0\u0001f`,
        to: (_num: string, version: string) => `${version}\0\0\0\u0001t`,
        says: /in recovery$/,
      },
    ])('goes no further than a server that is $what', async ({ from, to, says }) => {
      const [{ num, version }] = await db.query(
        `SELECT current_setting('server_version_num') AS num, current_setting('server_version') AS version`,
      );
      const url = await changing((said) => {
        const at = said.indexOf(from(num, version));
        if (at >= 0) said.write(to(num, version), at);
      });
      const { findings, bad } = await examine({ DATABASE_URL: url });
      expect(bad[0]).toMatchObject({ check: 'server', level: 'fault', message: expect.stringMatching(says) });
      expect(findings.at(-1)?.check).toBe('connections');
    });

    it('tells what it is by what it does', async () => {
      const { findings } = await examine({ DATABASE_URL: await pooler() });
      expect(findings).toContainEqual(
        expect.objectContaining({ check: 'pooling', level: 'ok', message: expect.stringContaining('session mode') }),
      );
    });

    it('finds that the way past it leads to one', async () => {
      expect(await wrong({ DATABASE_DIRECT_URL: await pooler() })).toContainEqual(
        expect.objectContaining({ check: 'direct connection', message: 'DATABASE_DIRECT_URL leads to a pooler' }),
      );
    });

    it('tells what it will not pass on', async () => {
      const words = 'SFATAL\0C08P01\0Munsupported startup parameter: jit\0\0';
      const head = Buffer.from([0x45, 0, 0, 0, words.length + 4]);
      const url = await between.answering(app.backing.databaseUrl, (client) =>
        client.once('data', () => client.end(Buffer.concat([head, Buffer.from(words)]))),
      );
      expect((await examine({ DATABASE_URL: url })).bad).toEqual([
        {
          check: 'database',
          level: 'fault',
          message: 'the pooler refused the connection: unsupported startup parameter: jit',
          remedy: expect.stringContaining('ignore_startup_parameters'),
        },
      ]);
    });
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

  it('finds URLs that lead to another database, and goes by none of them', async () => {
    const url = await createDatabase();
    const direct = await wrong({ DATABASE_DIRECT_URL: url });
    const retention = await wrong({ DATABASE_URL: asRole(), RETENTION_DATABASE_URL: url });
    await dropDatabase(url);
    const remedy = 'Set both to the same database; until then no replica starts';
    for (const [variable, found] of [
      ['DATABASE_DIRECT_URL', direct],
      ['RETENTION_DATABASE_URL', retention],
    ] as const) {
      const message = `${variable} leads to another database than DATABASE_URL`;
      expect(found).toEqual([{ check: 'same database', level: 'fault', message, remedy }]);
    }
  });

  it('finds URLs that lead to the same database by another way well', async () => {
    const urls = { DATABASE_DIRECT_URL: app.backing.databaseUrl, RETENTION_DATABASE_URL: app.backing.databaseUrl };
    const { findings } = await examine({ DATABASE_URL: asRole(), ...urls });
    expect(findings.filter(({ check }) => check === 'same database')).toEqual(
      Object.keys(urls).map((variable) => ({
        check: 'same database',
        level: 'ok',
        message: `${variable} and DATABASE_URL lead to one database`,
      })),
    );
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
    for (const check of ['direct connection', 'tables'])
      expect(direct).toContainEqual(expect.objectContaining({ check, level: 'fault' }));
    const retention = await wrong({ DATABASE_URL: asRole(), RETENTION_DATABASE_URL: 'postgres://127.0.0.1:1/none' });
    expect(retention).toMatchObject([{ check: 'retention', level: 'fault' }]);
  });

  it('looks into the files for TLS, where there are to be some', async () => {
    const tls = await TlsFiles.create();
    await tls.make('long', 60);
    await tls.make('short', 1);
    await tls.use('long');
    const ofTls = async (env: Record<string, string>) =>
      (await examine(env)).findings.filter(({ check }) => check === 'tls').map(({ level }) => level);
    expect(await ofTls({})).toEqual([]);
    expect(await ofTls(tls.env)).toEqual(['ok']);
    expect(await ofTls({ ...tls.env, TLS_KEY_FILE: tls.path('short.key') })).toEqual(['fault']);
    await tls.use('short');
    expect(await ofTls(tls.env)).toEqual(['warning']);
    await tls.remove();
  });

  it('tells what is wrong with the environment, and no value', async () => {
    const { bad } = await examine({ PORT: 'a-secret', ISSUER: '' });
    expect(bad).toMatchObject([{ check: 'configuration', level: 'fault', message: expect.stringMatching(/PORT.*/) }]);
    expect(JSON.stringify(bad)).not.toContain('a-secret');
  });
});
