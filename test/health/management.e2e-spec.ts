import { pino } from 'pino';
import type { QueryRunner } from 'typeorm';
import { SigningKeys } from '../../src/access-token/signing-key/signing-keys.service.js';
import { AppConfig } from '../../src/config/app-config.js';
import { type ManagementServer, startManagement } from '../../src/health/management-server.js';
import { Readiness } from '../../src/health/readiness.service.js';
import { ServiceHealth } from '../../src/health/service-health.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { HttpClient } from '../support/http-client.js';
import { TestApp } from '../support/test-app.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { withoutTriggers } from '../support/without-triggers.js';

/** Connections for requests. */
const POOL_SIZE = 2;

describe('the management port', () => {
  const proxy = new DatabaseProxy();
  const health = new ServiceHealth();
  const log = pino({ level: 'silent' });
  const config = (env: Record<string, string>) => AppConfig.load({ HOST: '127.0.0.1', ...env });
  let url: string;
  let app: TestApp;
  let server: ManagementServer;
  let management: HttpClient;
  beforeAll(async () => {
    url = await createDatabase();
    server = await startManagement(health, config({ MANAGEMENT_PORT: '0' }), log);
    management = new HttpClient(`http://127.0.0.1:${server.port}`);
  });
  afterAll(async () => {
    await server.close();
    await app.stop();
    await proxy.cut();
    await dropDatabase(url);
  });

  const statusOf = async (probe: string): Promise<number> => (await management.get(`/health/${probe}`)).status;
  const probes = async () => ({
    live: await statusOf('live'),
    startup: await statusOf('startup'),
    ready: await statusOf('ready'),
  });
  /** The checks that say no. */
  const wrong = async (): Promise<string[]> => {
    const { status, body } = await management.get('/health/ready');
    const names = Object.keys(body.error as object);
    expect(status).toBe(names.length === 0 ? 200 : 503);
    return names;
  };

  it('says that the process lives before there is a service', async () => {
    expect(await probes()).toEqual({ live: 200, startup: 503, ready: 503 });
    expect(await wrong()).toEqual(['start']);
  });

  it('says that the service is ready, and by what', async () => {
    app = await TestApp.start({ env: { DATABASE_POOL_SIZE: String(POOL_SIZE + 1) }, via: () => proxy.open(url) });
    const readiness = app.nest.get(Readiness);
    health.started({ readiness: () => readiness.check(), metrics: () => health.metrics() });
    expect(await probes()).toEqual({ live: 200, startup: 200, ready: 200 });
    expect((await management.get('/health/ready')).body).toMatchObject({
      status: 'ok',
      details: {
        database: { status: 'up' },
        feed: { status: 'up' },
        keys: { status: 'up' },
        migrations: { status: 'up' },
      },
    });
  });

  it('has nothing of it on the port of the API', async () => {
    for (const path of ['/health/live', '/health/ready', '/metrics', '/api/health/live', '/api/metrics'])
      expect((await app.http.get(path)).status).toBe(404);
  });

  it('takes no busy pool for an outage', async () => {
    const runners: QueryRunner[] = Array.from({ length: POOL_SIZE + 1 }, () => app.db.createQueryRunner());
    const [waiting, ...connected] = runners.map((runner) => runner.connect()).toReversed();
    await Promise.all(connected);
    expect(await wrong()).toEqual([]);
    await Promise.all(runners.slice(0, POOL_SIZE).map((runner) => runner.release()));
    await waiting;
    await runners.at(-1)?.release();
  });

  it('says no while the schema is behind the code', async () => {
    const [newest]: { name: string }[] = await app.db.query('SELECT name FROM migration ORDER BY id DESC LIMIT 1');
    await app.db.query(`UPDATE migration SET name = 'another' WHERE name = $1`, [newest?.name]);
    expect(await wrong()).toEqual(['migrations']);
    const { body } = await management.get('/health/ready');
    expect(JSON.stringify(body.error)).toContain(`${newest?.name} missing`);
    await app.db.query(`UPDATE migration SET name = $1 WHERE name = 'another'`, [newest?.name]);
    expect(await wrong()).toEqual([]);
  });

  it('says no without keys', async () => {
    await app.db.query('CREATE TABLE kept AS SELECT * FROM signing_key');
    await withoutTriggers(app.db, 'DELETE FROM signing_key');
    await app.nest.get(SigningKeys).load();
    expect(await wrong()).toEqual(['keys']);
    await app.db.query('INSERT INTO signing_key SELECT * FROM kept');
    await app.nest.get(SigningKeys).load();
    expect(await wrong()).toEqual([]);
  });

  it('says no while the database is out of reach, and stays alive', async () => {
    await proxy.cut();
    app.clock.pass(2000);
    expect(await wrong()).toEqual(['database', 'feed', 'migrations']);
    expect(await statusOf('live')).toBe(200);
    await proxy.restore(url);
    await app.catchUp();
    expect(await wrong()).toEqual([]);
  });

  it('says no once the service is about to stop, and stays alive', async () => {
    health.drain();
    expect(await wrong()).toEqual(['stop']);
    expect(await probes()).toEqual({ live: 200, startup: 200, ready: 503 });
  });

  it('tells whose port is taken, but gives a newcomer another', async () => {
    const taken = { MANAGEMENT_PORT: String(server.port) };
    const other = await startManagement(health, config(taken), log);
    expect(other.port).not.toBe(server.port);
    await other.close();
    const production = config({ ...taken, NODE_ENV: 'production', EMBEDDED_DATABASE: 'true' });
    await expect(startManagement(health, production, log)).rejects.toThrow(`The port ${server.port} is taken`);
  });
});
