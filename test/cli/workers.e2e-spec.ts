import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect as open, createServer, type Server } from 'node:net';
import { MetricsOf } from '../support/metrics-of.js';
import { type AnswerHere, OneConnection } from '../support/one-connection.js';
import { ServiceProcess } from '../support/service-process.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { TlsFiles } from '../support/tls-files.js';

const DETAILS = '/api/v1/identities/details';
const BOOTSTRAP = { email: 'ops@example.com', organization: 'Acme' };
const POOL_SIZE = 3;
const MOST_CONNECTIONS = 6;

describe('two workers', () => {
  const bootstrapToken = randomBytes(24).toString('hex');
  let url: string;
  let tls: TlsFiles;
  let service: ServiceProcess;
  let taken: Server;
  let late: ServiceProcess;
  let management: string;
  let atFirst: object;
  /** One connection to each of the two. */
  let callers: [OneConnection, OneConnection];
  let lostPid: number;
  let admin: string;
  let identityId: string;

  beforeAll(async () => {
    url = await createDatabase();
    tls = await TlsFiles.create();
    for (const name of ['first', 'second']) await tls.make(name);
    await tls.use('first');
    const env = {
      DATABASE_URL: url,
      DATABASE_POOL_SIZE: String(POOL_SIZE),
      ISSUER: 'http://localhost:8080',
      KEY_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
      BOOTSTRAP_ENABLED: 'true',
      BOOTSTRAP_TOKEN: bootstrapToken,
      WORKERS: '2',
      MAX_CONNECTIONS: String(MOST_CONNECTIONS),
      ...tls.env,
    };
    taken = createServer().listen(0, '0.0.0.0');
    await once(taken, 'listening');
    late = ServiceProcess.run(['serve'], { ...env, PORT: String((taken.address() as AddressInfo).port) });
    service = ServiceProcess.run(['serve'], { ...env, PORT: '0' });
    management = await service.management();
    atFirst = await probes();
    await service.sees(/all workers have started/);
    callers = await connect();
    const { body } = await callers[0].send('POST', '/api/v1/admin/bootstrap', {
      token: bootstrapToken,
      body: BOOTSTRAP,
    });
    ({
      id: identityId,
      credentials: { token: admin },
    } = body.identity);
  }, 60_000);
  afterAll(async () => {
    for (const caller of callers) caller.close();
    await service.stop('SIGKILL');
    await late.stop('SIGKILL');
    taken.close();
    await tls.remove();
    await dropDatabase(url);
  });

  const connect = async (): Promise<[OneConnection, OneConnection]> => {
    const origin = (await service.origin()).replace('http:', 'https:');
    return [new OneConnection(origin), new OneConnection(origin)];
  };
  const ask = (caller: OneConnection, token = admin): Promise<AnswerHere> => caller.send('GET', DETAILS, { token });

  /** The number of the one that gave an answer, as its log has it. */
  const workerOf = async ({ reqId }: AnswerHere): Promise<number> =>
    Number((await service.sees(new RegExp(`"worker":(\\d),"reqId":"${reqId}"`)))[1]);
  /** The process that has a number, after another one, if that is given. */
  const processOf = async (number: number, before = 0): Promise<number> =>
    Number((await service.sees(new RegExp(`"worker":${number},"pid":(?!${before},)(\\d+)`)))[1]);

  const ready = async (): Promise<{ status: number; wrong: string[] }> => {
    const response = await fetch(`${management}/health/ready`);
    const { error } = (await response.json()) as { error: object };
    return { status: response.status, wrong: Object.keys(error) };
  };
  const statusOf = async (probe: string): Promise<number> => (await fetch(`${management}/health/${probe}`)).status;
  const probes = async (): Promise<object> => ({
    live: await statusOf('live'),
    startup: await statusOf('startup'),
    ready: await statusOf('ready'),
  });
  const requests = async (): Promise<number> =>
    (await MetricsOf.at(management)).sum('token_auth_http_requests_total', { route: DETAILS, status: '200' });

  it('answer on one port, and their log says which of them did', async () => {
    const answers = [await ask(callers[0]), await ask(callers[1])];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(new Set(await Promise.all(answers.map(workerOf)))).toEqual(new Set([1, 2]));
  });

  it('are watched as one', async () => {
    expect(atFirst).toEqual({ live: 200, startup: 503, ready: 503 });
    expect(await probes()).toEqual({ live: 200, startup: 200, ready: 200 });
    expect(await ready()).toEqual({ status: 200, wrong: [] });
    const before = await requests();
    for (const caller of callers) await ask(caller);
    const metrics = await MetricsOf.at(management);
    expect((await requests()) - before).toBe(2);
    expect(metrics.sum('token_auth_database_pool_size')).toBe(2 * POOL_SIZE);
    expect(metrics.sum('token_auth_build_info')).toBe(1);
    expect(metrics.sum('token_auth_ready', { check: 'feed' })).toBe(1);
    expect(metrics.sum('token_auth_ready', { check: 'workers' })).toBe(1);
    expect(metrics.sum('token_auth_feed_age_seconds')).toBeGreaterThan(0);
  });

  it('refuse, each of them, what was revoked through the other', async () => {
    const path = `/api/v1/auth/token-auth/identities/${identityId}/tokens`;
    const minted = await callers[0].send('POST', path, { token: admin, body: {} });
    const { accessToken, tokenData } = minted.body;
    for (const caller of callers) expect((await ask(caller, accessToken)).status).toBe(200);
    await callers[0].send('POST', `/api/v1/auth/token-auth/tokens/${tokenData.id}/revoke`, { token: admin, body: {} });
    for (const caller of callers) while ((await ask(caller, accessToken)).status !== 401) continue;
  });

  it('load, each of them, a certificate that comes in the place of another', async () => {
    expect((await Promise.all(callers.map((caller) => ask(caller)))).map(({ servedAs }) => servedAs)).toEqual([
      'first',
      'first',
    ]);
    await tls.use('second');
    for (const number of [1, 2]) await service.sees(new RegExp(`"worker":${number},"validTo":.*loaded anew`));
    const others = await connect();
    const answers = await Promise.all(others.map((caller) => ask(caller)));
    for (const caller of others) caller.close();
    expect(answers.map(({ status, servedAs }) => ({ status, servedAs }))).toEqual([
      { status: 200, servedAs: 'second' },
      { status: 200, servedAs: 'second' },
    ]);
    expect(new Set(await Promise.all(answers.map(workerOf)))).toEqual(new Set([1, 2]));
  });

  it('close what is more than they may have, where none of them has room', async () => {
    const port = Number(new URL(await service.origin()).port);
    const more = Array.from({ length: 2 * MOST_CONNECTIONS + 1 }, () => open(port, '127.0.0.1'));
    await Promise.race(more.map((socket) => once(socket, 'close')));
    const metrics = await MetricsOf.at(management);
    expect(metrics.sum('token_auth_connections_dropped_total', { reason: 'limit' })).toBeGreaterThan(0);
    expect(metrics.sum('token_auth_connections')).toBeLessThanOrEqual(2 * MOST_CONNECTIONS);
    for (const socket of more) socket.destroy();
    while ((await MetricsOf.at(management)).sum('token_auth_connections') > callers.length) continue;
    expect((await ask(callers[0])).status).toBe(200);
  });

  it('lose one, and the other answers until another has taken its place', async () => {
    const lost = await workerOf(await ask(callers[0]));
    lostPid = await processOf(lost);
    const counted = await requests();
    process.kill(lostPid, 'SIGKILL');
    const next = await processOf(lost, lostPid);
    // It gets no further than this until it has been looked at.
    process.kill(next, 'SIGSTOP');
    try {
      expect(await ready()).toEqual({ status: 503, wrong: ['workers'] });
      expect((await MetricsOf.at(management)).sum('token_auth_ready', { check: 'workers' })).toBe(0);
      expect((await ask(callers[1])).status).toBe(200);
      expect(await requests()).toBe(counted + 1);
    } finally {
      process.kill(next, 'SIGCONT');
    }
    while ((await ready()).status !== 200) continue;
    callers[0].close();
    const [first, second] = await connect();
    const numbers = [await workerOf(await ask(first)), await workerOf(await ask(second))];
    expect(new Set(numbers)).toEqual(new Set([1, 2]));
    callers[0] = numbers[0] === lost ? first : second;
    (numbers[0] === lost ? second : first).close();
    expect(await requests()).toBe(counted + 3);
  });

  it('end with the message and the status of the first that can not start', async () => {
    expect(await late.exit()).toBe(1);
    expect(late.stderr.split('\n')).toEqual([
      expect.stringMatching(/^The port \d+ is taken; set PORT to another one/),
      'Worker 1 ended before it had started',
      '',
    ]);
    expect(late.stdout).not.toContain('"worker":2');
  });

  it('finish what is under way when a terminal interrupts all processes, and end once', async () => {
    const numbers = [await workerOf(await ask(callers[0])), await workerOf(await ask(callers[1]))];
    const options = { token: admin, body: { token: admin } };
    const rest = await Promise.all(callers.map((caller) => caller.sendSlowly('POST', '/oauth2/introspect', options)));
    const pids = [...service.stdout.matchAll(/"pid":(\d+)/g)].map(([, pid]) => Number(pid));
    for (const pid of pids.filter((each) => each !== lostPid)) process.kill(pid, 'SIGINT');
    const stopped = service.stop('SIGINT');
    await service.sees(/stopping on SIGINT; another/);
    for (const number of numbers) await service.sees(new RegExp(`"worker":${number},"msg":"stopping`));
    expect((await ready()).wrong).toEqual(['stop']);
    const answers = await Promise.all(rest.map((send) => send()));
    expect(answers.map(({ status, body }) => [status, body.active])).toEqual([
      [200, true],
      [200, true],
    ]);
    expect(await stopped).toBe(0);
    expect(service.stdout.match(/"msg":"stopped"/g)).toHaveLength(3);
  });
});

describe('two workers, one of which hangs', () => {
  let url: string;
  let service: ServiceProcess;
  beforeAll(async () => {
    url = await createDatabase();
    service = ServiceProcess.run(['serve'], {
      DATABASE_URL: url,
      ISSUER: 'http://localhost:8080',
      KEY_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
      WORKERS: '2',
      PORT: '0',
      SHUTDOWN_GRACE: '0',
      SHUTDOWN_TIMEOUT: '0',
    });
    await service.sees(/all workers have started/);
  }, 60_000);
  afterAll(async () => {
    await service.stop('SIGKILL');
    await dropDatabase(url);
  });

  it('are gone when the time to stop is over, and the status tells', async () => {
    const [, pid] = await service.sees(/"worker":1,"pid":(\d+)/);
    process.kill(Number(pid), 'SIGSTOP');
    expect(await service.stop('SIGTERM')).toBe(1);
    expect(service.stdout).toContain('Not every worker has stopped cleanly');
    expect(service.stdout.match(/"msg":"stopped"/g)).toHaveLength(1);
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
  });
});
