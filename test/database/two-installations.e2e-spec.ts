import { Logger } from '@nestjs/common';
import pg from 'pg';
import { until } from '../faults/until.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { DAY, PastRecords } from '../support/past-records.js';
import { ServiceProcess } from '../support/service-process.js';
import { TestApp } from '../support/test-app.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

/** Everything that a wrong conclusion could change. */
const STATE = `
  SELECT (SELECT json_agg(i) FROM instance i) AS instance, (SELECT json_agg(k ORDER BY kid) FROM signing_key k) AS keys,
    (SELECT json_agg(r ORDER BY sequence) FROM revocation r) AS log, (SELECT count(*) FROM audit_event) AS "auditRows",
    (SELECT count(*) FROM replica) AS replicas`;

describe('two installations on one server', () => {
  let ours: TestApp;
  let theirs: TestApp;
  let token: string;
  const running: TestApp[] = [];
  beforeEach(async () => {
    [ours, theirs] = await Promise.all([TestApp.start(), startOther()]);
    ({ token } = await ours.given.identity({ role: 'admin' }));
    await revokeOne(ours);
    await revokeOne(theirs);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    for (const app of running.splice(0)) await app.stop();
    await Promise.all([ours.stop(), theirs.stop()]);
    await dropDatabase(theirs.backing.databaseUrl);
  });

  /** All databases of the tests are clones of one, so an installation of its own needs identifiers of its own. */
  const startOther = async (): Promise<TestApp> => {
    const url = await createDatabase();
    await ask(url, 'UPDATE instance SET installation_id = gen_random_uuid(), incarnation = gen_random_uuid()');
    return TestApp.start({ url });
  };

  const revokeOne = async (app: TestApp): Promise<void> => {
    await new TokenAuthApi(app).revoke((await app.given.identity()).tokenId);
    await app.catchUp();
  };
  const stateOf = async ({ backing }: TestApp): Promise<object[]> => ask(backing.databaseUrl, STATE);
  const states = async (): Promise<object[]> => [await stateOf(ours), await stateOf(theirs)];
  const statusOn = async (app: TestApp): Promise<number> => new TokenAuthApi(app).use(token);
  const environment = (more: Record<string, string>): Record<string, string> => ({
    DATABASE_URL: ours.backing.databaseUrl,
    ISSUER: 'http://localhost:8080',
    KEY_ENCRYPTION_KEYS: ours.backing.keyEncryptionKeys.map((key) => key.toString('base64')).join(','),
    PORT: '0',
    ...more,
  });
  /** A replica of ours whose environment and pool may lead elsewhere. */
  const startBeside = async (options: Partial<Parameters<typeof TestApp.start>[0]> = {}): Promise<TestApp> => {
    const app = await TestApp.start({ beside: ours, ...options });
    running.push(app);
    return app;
  };
  const errors = (): jest.SpyInstance => jest.spyOn(Logger.prototype, 'error');

  describe('at start', () => {
    it.each<{ command: string[]; variable: string; more: Record<string, string> }>([
      { command: ['serve'], variable: 'DATABASE_DIRECT_URL', more: { MIGRATE_ON_START: 'true' } },
      { command: ['serve'], variable: 'DATABASE_DIRECT_URL', more: { WORKERS: '2' } },
      { command: ['serve'], variable: 'RETENTION_DATABASE_URL', more: {} },
      { command: ['migrate'], variable: 'DATABASE_DIRECT_URL', more: {} },
      { command: ['migrate'], variable: 'RETENTION_DATABASE_URL', more: {} },
      { command: ['restore', 'accept', '--undetected'], variable: 'DATABASE_DIRECT_URL', more: {} },
      { command: ['bootstrap', '--recover'], variable: 'DATABASE_DIRECT_URL', more: {} },
    ])(
      '$command $more exits with a sentence when $variable leads to the other one',
      async ({ command, variable, more }) => {
        const before = await states();
        const env = environment({ [variable]: theirs.backing.databaseUrl, ...more });
        const service = ServiceProcess.run(command, env);
        expect(await service.exit()).toBe(1);
        expect(service.stdout + service.stderr).toContain(
          `${variable} leads to another database than DATABASE_URL. Set both to the same database; nothing was changed in either`,
        );
        expect(service.stdout + service.stderr).not.toContain(new URL(theirs.backing.databaseUrl).pathname);
        expect(await states()).toEqual(before);
        expect(await statusOn(ours)).toBe(200);
      },
    );

    it('a service without that check does not start either, and writes nothing', async () => {
      const before = await states();
      const start = startBeside({ env: { DATABASE_DIRECT_URL: theirs.backing.databaseUrl } });
      await expect(start).rejects.toThrow('A database connection leads to another database than the others');
      expect(await states()).toEqual(before);
      await ours.catchUp();
      expect(await statusOn(ours)).toBe(200);
    });
  });

  describe('when a URL leads to the other one later', () => {
    const proxy = new DatabaseProxy();
    afterEach(() => proxy.cut());
    const redirect = (): void => proxy.redirect(ours.backing.databaseUrl, theirs.backing.databaseUrl);
    const redirectBack = (): void => proxy.redirect(ours.backing.databaseUrl, ours.backing.databaseUrl);
    const wait = (app: TestApp, status: number): Promise<void> =>
      until(`a replica answers ${status}`, async () => (await statusOn(app)) === status);
    /** Nothing but the usage of tokens and heartbeats of replicas changes by themselves. */
    const expectUndamaged = async (before: object[]): Promise<void> => {
      expect(await states()).toEqual(before);
      await Promise.all([ours.catchUp(), theirs.catchUp()]);
      expect(await statusOn(ours)).toBe(200);
      expect(await new TokenAuthApi(theirs).use((await theirs.given.root()).token)).toBe(200);
    };

    it.each([
      { what: 'DATABASE_DIRECT_URL', isDirect: true, reason: 'DATABASE_DIRECT_URL leads to another database' },
      { what: 'DATABASE_URL without DATABASE_DIRECT_URL', isDirect: false, reason: 'leads to another installation' },
    ])(
      '$what: the replica answers 503 while that lasts, and no database is written to',
      async ({ isDirect, reason }) => {
        const through = await proxy.open(ours.backing.databaseUrl);
        const replica = await startBeside(
          isDirect ? { env: { DATABASE_DIRECT_URL: through } } : { via: async () => through },
        );
        expect(await statusOn(replica)).toBe(200);
        const [before, error] = [await states(), errors()];
        redirect();
        await wait(replica, 503);
        await until('the mismatch is reported', () => error.mock.calls.some(([line]) => String(line).includes(reason)));
        await expectUndamaged(before);
        redirectBack();
        await wait(replica, 200);
        await expectUndamaged(before);
      },
    );

    it('DATABASE_URL with DATABASE_DIRECT_URL: new connections are not used, and no database is written to', async () => {
      const through = await proxy.open(ours.backing.databaseUrl);
      const replica = await startBeside({
        env: { DATABASE_DIRECT_URL: ours.backing.databaseUrl },
        via: async () => through,
      });
      const [before, error] = [await states(), errors()];
      redirect();
      const list = () => replica.http.get('/api/v1/identities', { token });
      await until('a request that needs the database fails', async () => (await list()).status === 503);
      await until('the mismatch is reported', () =>
        error.mock.calls.some(([line]) => String(line).includes('A new connection of DATABASE_URL leads to another')),
      );
      await expectUndamaged(before);
      redirectBack();
      await until('requests are served again', async () => (await list()).status !== 503);
      await expectUndamaged(before);
    });
  });

  describe('retention', () => {
    it('deletes nothing in the other database', async () => {
      const replica = await startBeside({ env: { RETENTION_DATABASE_URL: theirs.backing.databaseUrl } });
      const error = errors();
      ours.clock.advance(5000 * DAY);
      const before = await stateOf(theirs);
      const removed = await new PastRecords(replica).cleanUp();
      expect(removed).toMatchObject({ access_token: expect.any(Number) });
      expect(removed).not.toHaveProperty('audit_event');
      expect(await stateOf(theirs)).toEqual(before);
      expect(error.mock.calls.flat().join()).toContain('RETENTION_DATABASE_URL leads to another database');
    });
  });
});

async function ask(url: string, statement: string): Promise<object[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<object>(statement);
  await client.end();
  return rows;
}
