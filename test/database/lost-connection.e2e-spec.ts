import { randomBytes } from 'node:crypto';
import { type AddressInfo, createServer } from 'node:net';
import { Client } from 'pg';
import type { QueryRunner } from 'typeorm';
import { isUnavailable } from '../../src/common/errors/postgres-errors.js';
import { dropConnections } from '../../src/database/drop-connections.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { HttpClient } from '../support/http-client.js';
import { ServiceProcess } from '../support/service-process.js';
import { TestApp } from '../support/test-app.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';

describe('a transaction whose connection is lost between two statements', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const losses: [string, (runner: QueryRunner) => Promise<void>][] = [
    [
      'to the server',
      async (runner) => {
        const [{ pid }]: { pid: number }[] = await runner.query('SELECT pg_backend_pid() AS pid');
        await app.db.query('SELECT pg_terminate_backend($1)', [pid]);
      },
    ],
    ['since another server has taken over', async () => dropConnections(app.db)],
  ];

  it.each(losses)('fails as an unavailable database, and not as a fault of ours: %s', async (_how, lose) => {
    const runner = app.db.createQueryRunner();
    const connection = (await runner.connect()) as NodeJS.EventEmitter;
    const lost = new Promise((resolve) => connection.once('end', resolve));
    await runner.startTransaction();
    await lose(runner);
    await lost;
    const failure: unknown = await runner.manager.query('SELECT 1').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(isUnavailable(failure)).toBe(true);
    await runner.release();
  });
});

describe('a connection that is lost while it is looked at for the first time', () => {
  const proxy = new DatabaseProxy();
  const token = randomBytes(24).toString('hex');
  let url: string;
  let service: ServiceProcess;
  beforeAll(async () => {
    url = await createDatabase();
    service = ServiceProcess.run(['serve'], {
      DATABASE_URL: await proxy.open(url),
      ISSUER: 'http://localhost:8080',
      KEY_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
      BOOTSTRAP_ENABLED: 'true',
      BOOTSTRAP_TOKEN: token,
      PORT: '0',
    });
  });
  afterAll(async () => {
    await service.stop('SIGKILL');
    await proxy.cut();
    await dropDatabase(url);
  });

  it('costs a request its answer, and not the process its life', async () => {
    const http = new HttpClient(await service.origin());
    await proxy.cut();
    await proxy.restore(url);
    const caught = proxy.hold('pg_is_in_recovery() AS standby', 10_000);
    const body = { email: 'ops@example.com', organization: 'Acme' };
    const sent = http.post('/api/v1/admin/bootstrap', { token, body }).catch((error: unknown) => error);
    await caught;
    await proxy.cut();
    expect(await sent).toMatchObject({ status: 503 });
    expect((await http.get('/api/status')).status).toBe(200);
  });
});

describe('a connection that takes too long to come about', () => {
  it('fails as an unavailable database, and not as a fault of ours', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const client = new Client({ host: '127.0.0.1', port, connectionTimeoutMillis: 50 });
    const failure: unknown = await client.connect().catch((error: unknown) => error);
    expect(isUnavailable(failure)).toBe(true);
    silent.close();
  });
});
