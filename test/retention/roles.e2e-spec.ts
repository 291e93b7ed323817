import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { APPEND_ONLY_CLEAN_UPS, CLEAN_UPS } from '../../src/retention/clean-ups.js';
import { Retention } from '../../src/retention/retention.service.js';
import { DAY, PastRecords } from '../support/past-records.js';
import { ServiceProcess } from '../support/service-process.js';
import { TestApp } from '../support/test-app.js';
import { createDatabase, dropDatabase, urlOf } from '../support/test-database.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

describe('the clean-up of what is append-only to the service', () => {
  const roles: string[] = [];
  afterEach(() => jest.restoreAllMocks());
  afterAll(async () => {
    for (const role of roles) await ask(urlOf('postgres'), `DROP ROLE ${role}`);
  });

  /** The address of the database by way of a new role that is granted this. */
  const asRole = async (owner: string, ...grants: string[]): Promise<string> => {
    const role = `role_${randomBytes(8).toString('hex')}`;
    roles.push(role);
    await ask(owner, `CREATE ROLE ${role} LOGIN PASSWORD '${role}'`);
    for (const grant of grants) await ask(owner, `GRANT ${grant} TO ${role}`);
    const url = new URL(owner);
    [url.username, url.password] = [role, role];
    return url.href;
  };

  /** The role that a service has in production: it may insert and select there alone. */
  const asService = async (owner: string): Promise<string> => {
    const url = await asRole(owner, 'ALL ON ALL TABLES IN SCHEMA public');
    await ask(owner, `REVOKE UPDATE, DELETE ON revocation, audit_event FROM ${new URL(url).username}`);
    return url;
  };

  /** Such a service, and rows of each kind that may leave. */
  const start = async (more: (owner: string) => Promise<Record<string, string>> = async () => ({})) => {
    const env = {};
    const via = async (owner: string): Promise<string> => {
      Object.assign(env, await more(owner));
      return asService(owner);
    };
    const app = await TestApp.start({ via, env });
    const api = new TokenAuthApi(app);
    for (let made = 0; made < 2; made += 1) {
      const { tokenId } = await app.given.identity({ config: { accessTokenTTL: 600 } });
      await api.revoke(tokenId);
    }
    app.clock.advance(500 * DAY);
    return app;
  };

  /** How many rows of each kind are over. */
  const over = async (app: TestApp): Promise<number[]> => {
    const tables = [
      ['access_token', 'expires_at'],
      ['revocation', 'keep_until'],
      ['audit_event', 'created_at'],
    ];
    const counts = tables.map(async ([table, column]) => {
      const rows: object[] = await app.db.query(`SELECT FROM ${table} WHERE ${column} < $1`, [app.clock.now()]);
      return rows.length;
    });
    return Promise.all(counts);
  };

  it('stays off where the role may not delete, and everything else goes on', async () => {
    const app = await start();
    const [, entries, rows] = await over(app);
    const warn = jest.spyOn(Logger.prototype, 'warn');
    await new PastRecords(app).cleanUp();
    await app.nest.get(Retention).start();
    await new PastRecords(app).cleanUp();
    expect(await over(app)).toEqual([0, entries, rows]);
    expect(warn.mock.calls.map(([line]) => String(line))).toEqual([
      '"revocation" is not cleaned up: the role of the database may not delete there',
      '"audit_event" is not cleaned up: the role of the database may not delete there',
    ]);
    await app.stop();
  });

  it('goes by way of RETENTION_DATABASE_URL, whose role needs to select and delete there and nothing more', async () => {
    const grant = 'SELECT, DELETE ON revocation, audit_event';
    const app = await start(async (owner) => ({ RETENTION_DATABASE_URL: await asRole(owner, grant) }));
    await new PastRecords(app).cleanUp();
    // The newest entry stays.
    expect(await over(app)).toEqual([0, 1, 0]);
    await app.stop();
  });

  it('that fails is told in the log, and keeps nothing else from leaving', async () => {
    const app = await start(async () => ({ RETENTION_DATABASE_URL: 'postgres://nobody:secret@127.0.0.1:1/none' }));
    const warn = jest.spyOn(Logger.prototype, 'warn');
    await new PastRecords(app).cleanUp();
    expect((await over(app))[0]).toBe(0);
    const told = warn.mock.calls.map(([line]) => String(line)).join('\n');
    expect(told).toContain('ECONNREFUSED');
    expect(told).not.toContain('secret');
    await app.stop();
  });

  it('waits while another replica is at it, and is no failure', async () => {
    const app = await start();
    const before = await over(app);
    const warn = jest.spyOn(Logger.prototype, 'warn');
    const other = app.db.createQueryRunner();
    await other.startTransaction();
    const kinds = [...CLEAN_UPS, ...APPEND_ONLY_CLEAN_UPS].map(({ name }) => name);
    await other.query('SELECT pg_advisory_xact_lock($1, hashtext(k)) FROM unnest($2::text[]) k', [
      0x74_6f_6b_34,
      kinds,
    ]);
    await new PastRecords(app).cleanUp();
    expect(await over(app)).toEqual(before);
    await other.commitTransaction();
    await other.release();
    await new PastRecords(app).cleanUp();
    expect((await over(app))[0]).toBe(0);
    expect(warn.mock.calls.flat().join()).not.toContain('failed');
    await app.stop();
  });

  it('is told at the start of the service', async () => {
    const env = { ISSUER: 'http://localhost:8080', KEY_ENCRYPTION_KEYS: randomBytes(32).toString('base64'), PORT: '0' };
    const owner = await createDatabase();
    const service = ServiceProcess.run(['serve'], { ...env, DATABASE_URL: await asService(owner) });
    await service.sees(/revocation.{1,3} is not cleaned up/);
    await service.sees(/audit_event.{1,3} is not cleaned up/);
    expect(await service.stop()).toBe(0);
    await dropDatabase(owner);
  });
});

async function ask(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}
