import { randomBytes } from 'node:crypto';
import { Restore } from '../../src/access-token/restore.service.js';
import { serviceContext } from '../../src/access-token/service-context.js';
import { BootstrapService } from '../../src/bootstrap/bootstrap.service.js';
import { migrate } from '../../src/database/migrate.js';
import type { LogEntry } from '../../src/revocation/log-read.js';
import { RevocationReader } from '../../src/revocation/revocation-reader.service.js';
import { findTools } from '../faults/postgres-server.js';
import { ServerPair } from '../faults/server-pair.js';
import { until } from '../faults/until.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import type { GivenIdentity, Root } from '../support/fixtures.js';
import { TestApp } from '../support/test-app.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

const TIMEOUT_MS = 120_000;

const tools = findTools('pg_dump', 'pg_restore');
if (tools === undefined)
  process.stdout.write('No real restore is tested: there is no PostgreSQL with pg_dump and pg_basebackup here\n');

(tools === undefined ? describe.skip : describe)("PostgreSQL's own ways back to an older state", () => {
  jest.setTimeout(TIMEOUT_MS);
  const servers = new ServerPair(tools ?? '');
  const proxy = new DatabaseProxy();
  const keyEncryptionKeys = [randomBytes(32)];
  const running: TestApp[] = [];
  let through: string;
  let app: TestApp;
  let root: Root;

  beforeAll(async () => {
    await servers.open({ isSynchronous: false });
    await migrate(servers.url);
    through = await proxy.open(servers.url);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await proxy.cut();
    await servers.close();
  }, TIMEOUT_MS);
  beforeEach(async () => {
    app = await start(through);
    root = await administrator(app);
  });
  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop();
  });

  const start = async (url: string): Promise<TestApp> => {
    const started = await TestApp.start({ url, keyEncryptionKeys });
    running.push(started);
    return started;
  };
  const contextOf = ({ clock }: TestApp) => serviceContext(clock.now());
  const administrator = async (one: TestApp): Promise<Root> => {
    const bootstrap = one.nest.get(BootstrapService);
    const isRecovery = await bootstrap.isBootstrapped();
    const made = await (isRecovery ? bootstrap.recover(contextOf(one)) : bootstrap.bootstrap('Acme', contextOf(one)));
    const { organization, identity, token } = made;
    return { organizationId: organization.id, slug: organization.slug, identityId: identity.id, token };
  };
  const accept = (one: TestApp, isUndetected = false) => one.nest.get(Restore).accept({ isUndetected }, contextOf(one));

  /** A token that is going to be revoked, and one that is not. */
  const givenTwo = async (): Promise<GivenIdentity[]> => [
    await app.given.identity({}, root),
    await app.given.identity({}, root),
  ];
  const revoke = async ({ tokenId }: GivenIdentity): Promise<void> => {
    expect((await new TokenAuthApi(app).revoke(tokenId, root.token)).status).toBe(200);
    await app.catchUp();
  };
  const uses = (one: TestApp, tokens: GivenIdentity[]): Promise<number[]> =>
    Promise.all(tokens.map(({ token }) => new TokenAuthApi(one).use(token)));
  /** What is behind the address of before is another server now. */
  const leadToRestored = async (): Promise<void> => {
    await proxy.cut();
    await proxy.restore(servers.url);
  };
  /** The replica has seen it, and has told the database. */
  const isNoticed = (): Promise<void> =>
    until('the doubt is kept', async () => {
      const rows: object[] = await app.db.query('SELECT FROM instance WHERE database_oid IS NULL').catch(() => []);
      return rows.length === 1;
    });

  /** Tokens of before are dead, and the service issues others, which are good. */
  const isAlive = async (one: TestApp, before: GivenIdentity[]): Promise<void> => {
    await one.catchUp();
    expect(await uses(one, before)).toEqual(before.map(() => 401));
    const since = await one.given.identity({}, await administrator(one));
    expect(await uses(one, [since])).toEqual([200]);
  };

  it('a dump in another database system: a service that starts on it believes nothing', async () => {
    const tokens = await givenTwo();
    await revoke(await app.given.identity({}, root));
    const file = servers.fileOf('dump');
    await servers.run('pg_dump', ['--format=custom', `--file=${file}`, servers.url]);
    await revoke(tokens[0]);
    const url = await createDatabase({ isMigrated: false });
    await servers.run('pg_restore', ['--no-owner', '--exit-on-error', `--dbname=${url}`, file]);
    const later = await start(url);
    expect(await uses(later, tokens)).toEqual([503, 503]);
    expect(await accept(later)).toMatchObject({ wasDetected: true, revokedKeys: 1 });
    await isAlive(later, tokens);
    // The transactions that wrote the entries of before are yet to come here; what they ended is over.
    const told: LogEntry[] = [];
    later.nest.get(RevocationReader).onEntries((entries) => told.push(...entries));
    await later.catchUp();
    await later.catchUp();
    expect(told).toEqual([]);
    await later.stop();
    running.pop();
    await dropDatabase(url);
  });

  it('a standby that is promoted without what came last: the replicas notice', async () => {
    const tokens = await givenTwo();
    await servers.separate();
    await revoke(tokens[0]);
    await servers.promote();
    await leadToRestored();
    await isNoticed();
    expect(await uses(app, tokens)).toEqual([503, 503]);
    expect(await accept(app)).toMatchObject({ wasDetected: true });
    await isAlive(app, tokens);
  });

  it('a base backup, while a replica runs: it notices, and each that is started later knows', async () => {
    const tokens = await givenTwo();
    const backup = await servers.backUp('backup');
    await revoke(tokens[0]);
    await servers.restore(backup);
    await leadToRestored();
    await isNoticed();
    const later = await start(through);
    for (const one of [app, later]) expect(await uses(one, tokens)).toEqual([503, 503]);
    expect(await accept(later)).toMatchObject({ wasDetected: true });
    await isAlive(app, tokens);
  });

  it('a base backup, while no replica runs: nobody can notice, and the operator says it', async () => {
    const tokens = await givenTwo();
    const backup = await servers.backUp('another-backup');
    await revoke(tokens[0]);
    await app.stop();
    running.pop();
    await servers.restore(backup);
    await leadToRestored();
    const later = await start(through);
    expect(await uses(later, tokens)).toEqual([200, 200]);
    await expect(accept(later)).rejects.toThrow('Nothing says that this database was restored');
    expect(await accept(later, true)).toMatchObject({ wasDetected: false });
    await isAlive(later, tokens);
  });
});
