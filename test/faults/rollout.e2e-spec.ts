import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { HttpClient } from '../support/http-client.js';
import { ServiceProcess } from '../support/service-process.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { Balancer } from './balancer.js';
import { form } from './form.js';
import { Loops } from './loops.js';
import { until } from './until.js';

const TIMEOUT_MS = 300_000;
const DETAILS = '/api/v1/identities/details';

/** One request in so many mints. */
const MINT_EVERY = 5;

const bootstrapToken = randomBytes(24).toString('hex');

describe(`two replicas behind a balancer, replaced ${form.restarts} times under load`, () => {
  const balancer = new Balancer();
  const loops = new Loops();
  const started: ServiceProcess[] = [];
  const failures: string[] = [];
  const done = { reads: 0, mints: 0 };
  let url: string;
  let db: DataSource;
  let http: HttpClient;
  let admin: { token: string; identityId: string };

  const start = (env: Record<string, string> = {}): ServiceProcess => {
    const service = ServiceProcess.run(['serve'], {
      DATABASE_URL: url,
      ISSUER: 'http://localhost:8080',
      KEY_ENCRYPTION_KEYS: keys,
      BOOTSTRAP_ENABLED: 'true',
      BOOTSTRAP_TOKEN: bootstrapToken,
      PORT: '0',
      HOST: '127.0.0.1',
      DATABASE_POOL_SIZE: '5',
      SHUTDOWN_GRACE: '2',
      ...env,
    });
    started.push(service);
    return service;
  };
  const keys = randomBytes(32).toString('base64');

  beforeAll(async () => {
    url = await createDatabase();
    db = await new DataSource({ type: 'postgres', url }).initialize();
    http = new HttpClient(await balancer.open());
    await Promise.all([start(), start()].map((service) => balancer.add(service)));
    const body = { email: 'ops@example.com', organization: 'Acme' };
    const { identity } = (await http.post('/api/v1/admin/bootstrap', { token: bootstrapToken, body })).body;
    admin = { token: identity.credentials.token, identityId: identity.id };
  }, TIMEOUT_MS);
  afterAll(async () => {
    await Promise.all(started.map((service) => service.stop('SIGKILL')));
    await balancer.close();
    await db.destroy();
    await dropDatabase(url);
  }, TIMEOUT_MS);

  const request = async (): Promise<void> => {
    const { token, identityId } = admin;
    const isMint = (done.reads + done.mints) % MINT_EVERY === 0;
    const answer = isMint
      ? await http.post(`/api/v1/auth/token-auth/identities/${identityId}/tokens`, { token, body: {} })
      : await http.get(DETAILS, { token });
    if (answer.status !== 200) failures.push(`${answer.status} ${JSON.stringify(answer.body)}`);
    done[isMint ? 'mints' : 'reads'] += 1;
  };

  const counted = async (): Promise<{ uses: number; minted: number }> => {
    const [row] = await db.query<{ uses: number; minted: number }[]>(
      `SELECT (SELECT sum(num_uses)::int FROM access_token_usage) AS uses,
         (SELECT count(*)::int FROM access_token WHERE minted_by IS NOT NULL) AS minted`,
    );
    return row ?? { uses: 0, minted: 0 };
  };

  it(
    'fail no request',
    async () => {
      for (let client = 0; client < 4; client += 1) {
        loops.repeat(async () => {
          await request().catch((error: unknown) => failures.push(String(error)));
        });
      }
      for (let restart = 1; restart <= form.restarts; restart += 1) {
        const before = done.reads + done.mints;
        await balancer.add(start(restart === form.restarts ? { SHUTDOWN_GRACE: '600' } : {}));
        expect(await started[restart - 1]?.stop()).toBe(0);
        expect(done.reads + done.mints).toBeGreaterThan(before);
      }
      await loops.end();
      expect(failures).toEqual([]);
      process.stdout.write(`${form.restarts} restarts, ${done.reads + done.mints} requests, none failed\n`);
    },
    TIMEOUT_MS,
  );

  it(
    'end the streams of their followers with a hint, once the time to go on is over',
    async () => {
      const service = started.at(-2);
      const streamed = await fetch(`${await service?.origin()}/api/v1/revocations/stream`, {
        headers: { authorization: `Bearer ${admin.token}` },
      });
      done.reads += 1;
      expect(await service?.stop()).toBe(0);
      expect(await streamed.text()).toMatch(/event: heartbeat[\s\S]*: this replica stops\nretry: \d+\n\n$/);
    },
    TIMEOUT_MS,
  );

  it(
    'go on while they wait for traffic to end, and end at once on a second signal',
    async () => {
      const service = started.at(-1)!;
      const [own, management] = [new HttpClient(await service.origin()), new HttpClient(await service.management())];
      service.child.kill('SIGTERM');
      await service.sees(/stopping on SIGTERM/);
      const answer = await own.get(DETAILS, { token: admin.token });
      done.reads += 1;
      expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
      expect((await management.get('/health/ready')).body).toMatchObject({ error: { stop: { status: 'down' } } });
      expect((await management.get('/health/live')).status).toBe(200);
      await until('every use is counted', async () => (await counted()).uses === done.reads + done.mints);
      expect((await counted()).minted).toBe(done.mints);
      expect(await service.stop()).toBe(1);
    },
    TIMEOUT_MS,
  );
});
