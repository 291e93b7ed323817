import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { refusal, tally, told } from '../support/answers.js';
import type { Answer } from '../support/http-client.js';
import { MetricsOf } from '../support/metrics-of.js';
import { rawRequest, sendRaw } from '../support/raw-http.js';
import { TestApp } from '../support/test-app.js';
import { withoutTriggers } from '../support/without-triggers.js';

const DETAILS = '/api/v1/identities/details';
const OF_TOKEN = 20;
const OF_IDENTITY = 30;
const OF_ADDRESS = 12;

describe('rate limits', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({
      env: {
        TOKEN_REQUESTS_PER_MINUTE: String(OF_TOKEN),
        IDENTITY_REQUESTS_PER_MINUTE: String(OF_IDENTITY),
        ADDRESS_REQUESTS_PER_MINUTE: String(OF_ADDRESS),
        TRUSTED_PROXIES: '127.0.0.1',
      },
    });
  });
  // Every budget is full again when a test begins.
  beforeEach(() => app.clock.advance(60));
  afterAll(() => app.stop());

  let lastHost = 0;
  const newHost = () => ({ 'x-forwarded-for': `198.51.100.${(lastHost += 1)}` });
  const use = (token: string, times = 1): Promise<Answer[]> => inTurn(times, () => app.http.get(DETAILS, { token }));

  it('refuse what a token sends beyond its own, and say when to come back', async () => {
    const { token } = await app.given.identity();
    expect(tally(await use(token, OF_TOKEN))).toEqual({ 200: OF_TOKEN });
    const [refused] = (await use(token)) as [Answer];
    const message = 'Too many requests came with this access token; retry in 3 seconds';
    expect(told(refused)).toEqual(refusal(429, 'RateLimitExceeded', message));
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      'retry-after': '3',
      'ratelimit-policy': `"token";q=${OF_TOKEN};w=60`,
      ratelimit: '"token";r=0;t=60',
    });
    app.clock.advance(3);
    expect(tally(await use(token, 2))).toEqual({ 200: 1, 429: 1 });
  });

  it('take a request once, also where the token has to be judged again', async () => {
    const { token } = await app.given.identity();
    await use(token);
    app.clock.pass(5000);
    const [again] = (await use(token)) as [Answer];
    expect(again.headers.get('ratelimit')).toBe(`"token";r=${OF_TOKEN - 2};t=6`);
  });

  it('tell how they stand in every answer, of the one that comes first', async () => {
    const { id, token } = await app.given.identity();
    const second = await app.given.mint(id);
    const [first] = (await use(token)) as [Answer];
    expect(first.headers.get('ratelimit')).toBe(`"token";r=${OF_TOKEN - 1};t=3`);
    await use(token, OF_TOKEN - 1);
    const [other] = (await use(second.accessToken)) as [Answer];
    expect(other.headers.get('ratelimit-policy')).toBe(`"identity";q=${OF_IDENTITY};w=60`);
    expect(other.headers.get('ratelimit')).toBe('"identity";r=9;t=42');
    const forbidden = await app.http.post('/api/v1/identities', { token: second.accessToken, body: { name: 'n' } });
    expect(forbidden.status).toBeGreaterThanOrEqual(400);
    expect(forbidden.headers.get('ratelimit')).toBe('"identity";r=8;t=44');
  });

  it('hold on routes that are served beside the pipeline too', async () => {
    const { token } = await app.given.identity({ role: 'verifier' });
    const ask = () => app.http.post('/oauth2/introspect', { token, body: { token: 'none' } });
    expect(tally(await inTurn(OF_TOKEN, ask))).toEqual({ 200: OF_TOKEN });
    const refused = await ask();
    expect(refused).toMatchObject({ status: 429, body: { error: 'temporarily_unavailable' } });
    expect(Object.fromEntries(refused.headers)).toMatchObject({ 'retry-after': '3', ratelimit: '"token";r=0;t=60' });
  });

  it('count all tokens of an identity together, and no other identity', async () => {
    const { id, token } = await app.given.identity();
    const tokens = [token, (await app.given.mint(id)).accessToken, (await app.given.mint(id)).accessToken];
    const other = await app.given.identity();
    const answers = await Promise.all(tokens.map((each) => use(each, 12)));
    expect(tally(answers.flat())).toEqual({ 200: OF_IDENTITY, 429: 3 * 12 - OF_IDENTITY });
    const refused = answers.flat().filter(({ status }) => status === 429);
    expect(refused[0]?.body.message).toBe('Too many requests came from this identity; retry in 2 seconds');
    expect(tally(await use(other.token, 5))).toEqual({ 200: 5 });
  });

  it('count a renewal for the token that is renewed and for its identity', async () => {
    const { id, token } = await app.given.identity();
    const renew = (accessToken: string) =>
      app.http.post('/api/v1/auth/token/renew', { body: { accessToken }, headers: newHost() });
    await use(token, OF_TOKEN - 1);
    const [last, refused] = [await renew(token), await renew(token)];
    expect([last.status, last.headers.get('ratelimit')]).toEqual([200, '"token";r=0;t=60']);
    const message = 'Too many requests came with this access token; retry in 3 seconds';
    expect(told(refused)).toEqual(refusal(429, 'RateLimitExceeded', message));
    expect(refused.headers.get('ratelimit')).toBe('"token";r=0;t=60');
    const { accessToken } = await app.given.mint(id);
    await use(accessToken, OF_IDENTITY - OF_TOKEN);
    expect((await renew(accessToken)).body.message).toBe(
      'Too many requests came from this identity; retry in 2 seconds',
    );
  });

  it('come before a use is spent and after the address is found allowed', async () => {
    const limited = await app.given.identity({ config: { accessTokenNumUsesLimit: OF_TOKEN + 1 } });
    expect(tally(await use(limited.token, OF_TOKEN + 5))).toEqual({ 200: OF_TOKEN, 429: 5 });
    app.clock.advance(60);
    expect(tally(await use(limited.token, 2))).toEqual({ 200: 1, 401: 1 });
    const config = { accessTokenTrustedIps: [{ ipAddress: '203.0.113.9' }] };
    const elsewhere = await app.given.identity({ config });
    expect(tally(await use(elsewhere.token, OF_TOKEN + 1))).toEqual({ 403: OF_TOKEN + 1 });
  });

  it.each([
    { name: 'a public route', path: '/api/status', status: 200 },
    { name: 'a public route that a bearer is sent to', path: '/.well-known/jwks.json', status: 200, bearer: 'junk' },
    { name: 'no credential', path: DETAILS, status: 401 },
    { name: 'a credential of another scheme', path: DETAILS, status: 401, authorization: 'Basic eA==' },
    { name: 'an empty credential', path: DETAILS, status: 401, authorization: '' },
    { name: 'no such route', path: '/nowhere', status: 404 },
    { name: 'no such route, with a bearer', path: '/nowhere', status: 404, bearer: 'junk' },
    { name: 'a token in a body', path: '/api/v1/auth/token/renew', status: 401, body: { accessToken: 'none' } },
  ])('refuse what an address sends beyond its own: $name', async ({ path, status, bearer, authorization, body }) => {
    const host = newHost();
    const headers = { ...host, ...(authorization === undefined ? {} : { authorization }) };
    const ask = () => app.http.send(body ? 'POST' : 'GET', path, { headers, token: bearer, body });
    expect(tally(await inTurn(OF_ADDRESS, ask))).toEqual({ [status]: OF_ADDRESS });
    const refused = await ask();
    const message = 'Too many requests came from this address; retry in 5 seconds';
    expect(told(refused)).toEqual(refusal(429, 'RateLimitExceeded', message));
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      'retry-after': '5',
      'cache-control': 'no-store',
      'ratelimit-policy': `"address";q=${OF_ADDRESS};w=60`,
      ratelimit: '"address";r=0;t=60',
    });
    expect((await app.http.get('/api/status', { headers: newHost() })).status).toBe(200);
    const { token } = await app.given.root();
    expect((await app.http.get(DETAILS, { token, headers: host })).status).toBe(200);
  });

  it('of addresses have the error shape of their standards below /oauth2, and refuse before the body is read', async () => {
    const headers = newHost();
    await inTurn(OF_ADDRESS, () => app.http.get('/api/status', { headers }));
    const text = rawRequest('POST /oauth2/revoke', { ...headers, 'content-type': 'application/json' }, '{');
    const { status, text: body } = await sendRaw(app.origin, text);
    expect({ status, body: JSON.parse(body) }).toMatchObject({
      status: 429,
      body: { error: 'temporarily_unavailable' },
    });
  });
});

describe('rate limits of 0', () => {
  it('are none: nothing is refused and nothing is told', async () => {
    const env = { TOKEN_REQUESTS_PER_MINUTE: '0', IDENTITY_REQUESTS_PER_MINUTE: '0', ADDRESS_REQUESTS_PER_MINUTE: '0' };
    const app = await TestApp.start({ env });
    const { token } = await app.given.root();
    for (const answer of [await app.http.get(DETAILS, { token }), await app.http.get('/api/status')]) {
      expect(answer.status).toBe(200);
      expect(answer.headers.has('ratelimit')).toBe(false);
      expect(answer.headers.has('ratelimit-policy')).toBe(false);
    }
    await app.stop();
  });
});

describe('connections', () => {
  const MOST = 3;
  const ASKED = 30_000;
  const STATUS = 'GET /api/status HTTP/1.1\r\nhost: localhost\r\n\r\n';
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ env: { MAX_CONNECTIONS: String(MOST), STALL_TIMEOUT: '1' } });
  });
  afterAll(() => app.stop());

  /** The two ends of a new connection. */
  const open = async () => {
    const { hostname, port } = new URL(app.origin);
    const server: Server = app.nest.getHttpServer();
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const client = connect(Number(port), hostname);
    client.on('error', () => undefined);
    return { client, server: (await accepted)[0] };
  };

  const dropped = async (reason: string): Promise<number> =>
    (await MetricsOf.read(app)).sum('token_auth_connections_dropped_total', { reason });
  const isOpen = async (): Promise<number> => (await MetricsOf.read(app)).sum('token_auth_connections');

  it('are held to a number, and refused beyond it until one has gone', async () => {
    const held = [];
    for (let n = 0; n < MOST; n += 1) {
      const ends = await open();
      ends.client.write(STATUS);
      await once(ends.client, 'data');
      held.push(ends);
    }
    expect((await sendRaw(app.origin, rawRequest('GET /api/status'))).text).toBe('');
    expect([await isOpen(), await dropped('limit')]).toEqual([MOST, 1]);
    for (const { client, server } of held) {
      client.destroy();
      await once(server, 'close');
    }
    expect((await sendRaw(app.origin, rawRequest('GET /api/status'))).status).toBe(200);
    expect(await dropped('limit')).toBe(1);
  });

  it('that are cut are counted by their fault, and one whose client has gone is not', async () => {
    const before = await dropped('malformed');
    expect((await sendRaw(app.origin, 'no HTTP at all\r\n\r\n')).status).toBe(400);
    expect((await sendRaw(app.origin, rawRequest('GET /', { x: 'x'.repeat(20_000) }))).status).toBe(431);
    const { client, server } = await open();
    const closed = new Promise((resolve) => server.once('close', resolve));
    client.resetAndDestroy();
    await closed;
    expect(await dropped('malformed')).toBe(before + 2);
    expect(await dropped('stalled')).toBe(0);
    expect(await isOpen()).toBe(0);
  });

  it('whose client does not read are cut', async () => {
    const { client, server } = await open();
    client.pause();
    const closed = once(server, 'close');
    // More than both ends of the connection can hold of answers that nobody takes.
    client.write(STATUS.repeat(ASKED));
    await closed;
    expect(server.bytesWritten).toBeGreaterThan(0);
    expect(app.log.length).toBeLessThan(ASKED);
    expect(await dropped('stalled')).toBe(1);
  });
});

describe('live tokens of an identity', () => {
  const MOST = 4;
  const FULL = `The identity has ${MOST} live access tokens in the organization; revoke some or let them expire`;
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ env: { MAX_LIVE_TOKENS_PER_IDENTITY: String(MOST) } });
  });
  afterAll(() => app.stop());

  const mint = async (id: string, key?: string) =>
    app.http.post(`/api/v1/auth/token-auth/identities/${id}/tokens`, {
      token: (await app.given.root()).token,
      headers: key === undefined ? {} : { 'idempotency-key': key },
      body: {},
    });
  /** An identity that has as many live tokens as it may. */
  const full = async () => {
    const identity = await app.given.identity();
    for (let n = 1; n < MOST; n += 1) await app.given.mint(identity.id);
    return identity;
  };

  it('are so many and no more; what ends makes room', async () => {
    const { id, token, tokenId } = await full();
    expect(told(await mint(id))).toEqual(refusal(400, 'BadRequest', FULL));
    expect(told(await mint(id))).toEqual(refusal(400, 'BadRequest', FULL));
    const root = await app.given.root();
    const path = `/api/v1/auth/token-auth/tokens/${tokenId}/revoke`;
    expect((await app.http.post(path, { token: root.token })).status).toBe(200);
    app.clock.advance(1);
    expect((await mint(id)).status).toBe(200);
    expect((await mint(id)).status).toBe(400);
    await withoutTriggers(app.db, 'UPDATE access_token SET expires_at = $2 WHERE identity_id = $1', [
      id,
      app.clock.now(),
    ]);
    app.clock.advance(1);
    expect((await mint(id)).status).toBe(200);
    expect(token).toMatch(/^eyJ/);
  });

  it('of others take no room, and a caller is not told of them without the right to mint', async () => {
    const { id } = await full();
    expect((await app.given.identity()).id).not.toBe(id);
    const { token } = await app.given.identity();
    expect((await app.http.post(`/api/v1/auth/token-auth/identities/${id}/tokens`, { token })).status).toBe(403);
  });

  it('are counted where another process minted them', async () => {
    const { id } = await full();
    const beside = await TestApp.start({ beside: app, env: { MAX_LIVE_TOKENS_PER_IDENTITY: String(MOST) } });
    const { token } = await app.given.root();
    const path = `/api/v1/auth/token-auth/identities/${id}/tokens`;
    const answers = await inTurn(MOST + 1, () => beside.http.post(path, { token, body: {} }));
    // The first go by nothing, until a count has come in; the last would be one too many by its own mints alone.
    expect(answers.at(-1)?.status).toBe(400);
    await beside.stop();
  });

  it('are counted for many identities at once, for each its own', async () => {
    const identities = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => (n % 3 === 0 ? full() : app.given.identity())),
    );
    app.clock.advance(61_000);
    for (let turn = 1; turn <= 2; turn += 1) {
      const answers = await Promise.all(identities.map(async ({ id }) => mint(id)));
      expect(answers.map(({ status }) => status)).toEqual(identities.map((_, n) => (n % 3 === 0 ? 400 : 200)));
    }
  });

  it('let a mint that is repeated have its answer', async () => {
    const { id } = await app.given.identity();
    const first = await mint(id, 'a key');
    while ((await mint(id)).status === 200);
    const again = await mint(id, 'a key');
    expect(again).toMatchObject({ status: 200, body: { tokenData: { id: first.body.tokenData.id } } });
    expect((await mint(id, 'another key')).status).toBe(400);
  });
});

async function inTurn(times: number, ask: () => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let n = 0; n < times; n += 1) answers.push(await ask());
  return answers;
}
