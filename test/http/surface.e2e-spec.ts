import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { serveDocs } from '../../src/app.openapi.js';
import { readTls } from '../../src/common/http/tls.js';
import { AppConfig } from '../../src/config/app-config.js';
import { MetricsOf } from '../support/metrics-of.js';
import { rawRequest, sendRaw } from '../support/raw-http.js';
import { TestApp } from '../support/test-app.js';
import { TlsFiles } from '../support/tls-files.js';

const ORIGIN = 'https://console.example.com';
const STATUS = '/api/status';
/** On every answer. */
const FIXED = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-request-id': expect.stringMatching(/^req-[A-Za-z0-9]{14}$/),
};

describe('the header of answers', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ prepare: serveDocs });
  });
  afterAll(() => app.stop());

  it.each([
    { name: 'an answer', line: `GET ${STATUS}`, status: 200 },
    { name: 'a refusal', line: 'GET /api/v1/identities/details', status: 401 },
    { name: 'no route', line: 'GET /nowhere', status: 404 },
    { name: 'a malformed path', line: 'GET /%', status: 400 },
    { name: 'no HTTP', line: 'no HTTP at all', status: 400 },
  ])('allows nothing to whatever takes $name for a page, and names no product', async ({ line, status }) => {
    const answer = await sendRaw(app.origin, rawRequest(line));
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject(FIXED);
    expect(JSON.stringify(answer)).not.toMatch(/fastify|express|nest|node|"server"|x-powered-by/i);
  });

  it('of Swagger UI allows what its page loads, and nothing in the page itself but style', async () => {
    const page = await fetch(`${app.origin}/api/docs`);
    const policy = policyOf(page.headers);
    expect(policy).toMatchObject({ 'default-src': ["'none'"], 'script-src': ["'self'"], 'connect-src': ["'self'"] });
    const html = await page.text();
    const scripts = [...html.matchAll(/<script([^>]*)>([^]*?)<\/script>/g)];
    const sources = scripts.map(([, attributes = '']) => /src="([^"]+)"/.exec(attributes)?.[1]);
    expect(sources.length).toBeGreaterThan(2);
    expect(scripts.map(([, , content = '']) => content.trim()).filter((content) => content !== '')).toEqual([]);
    expect(html).not.toMatch(/\son\w+=|javascript:/i);
    expect(policy['style-src']).toEqual(["'self'", "'unsafe-inline'"]);
    const styles = [...html.matchAll(/<link rel="(?:stylesheet|icon)"[^>]*href="([^"]+)"/g)].map(([, href]) => href);
    for (const source of [...sources, ...styles]) {
      const url = new URL(source ?? 'none:', `${app.origin}/api/docs`);
      expect(url.origin).toBe(app.origin);
      const { status, headers } = await fetch(url);
      expect({ url: url.pathname, status, nosniff: headers.get('x-content-type-options') }).toEqual({
        url: url.pathname,
        status: 200,
        nosniff: 'nosniff',
      });
    }
    expect((await fetch(`${app.origin}/api/docs/json`)).status).toBe(200);
  });

  it('lets no page of another origin read or ask, unless told', async () => {
    const { headers } = await app.http.get(STATUS, { headers: { origin: ORIGIN } });
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect((await preflight(app, ORIGIN)).status).toBe(404);
  });
});

describe('CORS_ORIGINS', () => {
  it('lets pages of the origins that it names ask and read, and of no other', async () => {
    const app = await TestApp.start({ env: { CORS_ORIGINS: `https://other.example.com, ${ORIGIN}` } });
    const asked = await preflight(app, ORIGIN);
    expect(asked.status).toBe(204);
    expect(Object.fromEntries(asked.headers)).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': expect.stringContaining('PATCH'),
      'access-control-allow-headers': expect.stringContaining('authorization'),
      'access-control-max-age': '600',
    });
    expect(asked.headers.has('access-control-allow-credentials')).toBe(false);
    const refused = await app.http.get('/api/v1/identities/details', { headers: { origin: ORIGIN } });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(refused.headers.get('access-control-expose-headers')).toContain('retry-after');
    const foreign = await app.http.get(STATUS, { headers: { origin: 'https://evil.example.com' } });
    expect(foreign.headers.has('access-control-allow-origin')).toBe(false);
    expect(foreign.headers.get('vary')?.toLowerCase()).toContain('origin');
    await app.stop();
  });

  it('has preflights answered, logged and counted like all else', async () => {
    const app = await TestApp.start({ env: { CORS_ORIGINS: ORIGIN } });
    const count = async () => (await MetricsOf.read(app)).sum('token_auth_http_requests_total', { status: '204' });
    const before = await count();
    const { status, headers } = await preflight(app, ORIGIN);
    const line = app.logOf({ status, headers, body: undefined });
    const told = { fixed: Object.fromEntries(headers), line, counted: (await count()) - before };
    await app.stop();
    expect(told).toMatchObject({
      fixed: FIXED,
      line: { msg: 'request', method: 'OPTIONS', statusCode: 204, outcome: 'done', address: '127.0.0.1' },
      counted: 1,
    });
  });

  it('lets pages read that there were too many requests', async () => {
    const app = await TestApp.start({ env: { CORS_ORIGINS: ORIGIN, ADDRESS_REQUESTS_PER_MINUTE: '1' } });
    const ask = () => app.http.get(STATUS, { headers: { origin: ORIGIN } });
    const answers = [await ask(), await ask()];
    await app.stop();
    expect(answers.map(({ status, headers }) => [status, headers.get('access-control-allow-origin')])).toEqual([
      [200, ORIGIN],
      [429, ORIGIN],
    ]);
  });
});

describe('HTTPS by files', () => {
  let tls: TlsFiles;
  beforeEach(async () => {
    tls = await TlsFiles.create();
  });
  afterEach(() => tls.remove());

  /** When a certificate ends that is made to last so many days. */
  const endOf = async (name: string, days: number) =>
    Date.parse(new X509Certificate((await tls.make(name, days)).cert).validTo) / 1000;
  const until = async (isSo: () => Promise<boolean> | boolean) => {
    while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
  };

  it('is served with what is in them, and with what comes to be in them, unless that is broken', async () => {
    const ends = { first: await endOf('first', 10), second: await endOf('second', 20) };
    await tls.use('first');
    const app = await TestApp.start({ env: tls.env });
    expect(await askByTls(app)).toEqual({ status: 200, name: 'first' });
    expect((await MetricsOf.read(app)).sum('token_auth_tls_expiry_timestamp_seconds')).toBe(ends.first);
    await writeFile(tls.path('tls.crt'), '');
    await until(() => app.logLines.some((line) => line.includes('the TLS files are broken')));
    expect(await askByTls(app)).toEqual({ status: 200, name: 'first' });
    await copyFile(tls.path('second.crt'), tls.path('tls.crt'));
    await until(() => app.logLines.filter((line) => line.includes('the TLS files are broken')).length >= 2);
    expect(await askByTls(app)).toEqual({ status: 200, name: 'first' });
    await tls.use('second');
    await until(async () => (await askByTls(app)).name === 'second');
    expect((await MetricsOf.read(app)).sum('token_auth_tls_expiry_timestamp_seconds')).toBe(ends.second);
    await rm(tls.path('tls.key'));
    await until(() => app.logLines.filter((line) => line.includes('the TLS files are broken')).length > 2);
    expect(await askByTls(app)).toEqual({ status: 200, name: 'second' });
    await app.stop();
  });

  it('wants a certificate of its clients where it is told whose', async () => {
    await tls.make('server');
    await tls.use('server');
    const client = await tls.make('client');
    const stranger = await tls.make('stranger');
    const app = await TestApp.start({ env: { ...tls.env, TLS_CLIENT_CA_FILE: tls.path('client.crt') } });
    expect(await askByTls(app, client)).toEqual({ status: 200, name: 'server' });
    await expect(askByTls(app)).rejects.toThrow();
    await expect(askByTls(app, stranger)).rejects.toThrow();
    await sendRaw(app.origin, rawRequest(`GET ${STATUS}`));
    const { text } = await MetricsOf.read(app);
    expect(text).toContain('token_auth_connections_dropped_total{reason="handshake"} 3');
    expect(text).toContain('token_auth_connections_dropped_total{reason="malformed"} 0');
    await app.stop();
  });

  it('does not start without a good certificate and its key', async () => {
    for (const name of ['one', 'other']) await tls.make(name);
    await tls.use('one');
    await copyFile(tls.path('other.key'), tls.path('tls.key'));
    const [cert, key, other] = ['tls.crt', 'tls.key', 'other.key'].map(tls.path.bind(tls)) as [string, string, string];
    expect(() => readTls({ cert, key })).toThrow(/^TLS_KEY_FILE holds the key of another certificate$/);
    expect(() => readTls({ cert, key: tls.path('none') })).toThrow(/^TLS_KEY_FILE can not be read \(ENOENT/);
    expect(() => readTls({ cert: key, key })).toThrow(/^TLS_CERT_FILE holds no certificate/);
    expect(() => readTls({ cert, key: cert })).toThrow(/^TLS_KEY_FILE holds no private key/);
    const whole = { cert, key: tls.path('one.key') };
    expect(() => readTls({ ...whole, clientCa: other })).toThrow(/^TLS_CLIENT_CA_FILE holds no certificate/);
    expect(() => readTls(whole)).not.toThrow();
    expect(() => AppConfig.load({ TLS_CERT_FILE: 'a' })).toThrow('TLS_CERT_FILE and TLS_KEY_FILE go together');
    expect(() => AppConfig.load({ TLS_CLIENT_CA_FILE: 'a' })).toThrow('TLS_CLIENT_CA_FILE is of use only with');
  });
});

describe('the variables of the surface', () => {
  it.each([
    { env: { CORS_ORIGINS: 'https://a.example.com/' }, isValid: false },
    { env: { CORS_ORIGINS: 'a.example.com' }, isValid: false },
    { env: { CORS_ORIGINS: 'null' }, isValid: false },
    { env: { CORS_ORIGINS: '*' }, isValid: true },
    { env: { CORS_ORIGINS: 'https://a.example.com:8443, http://localhost:3000' }, isValid: true },
  ])('$env: $isValid', ({ env, isValid }) => {
    const load = () => AppConfig.load(env);
    if (isValid) expect(load).not.toThrow();
    else expect(load).toThrow(/CORS_ORIGINS must be/);
  });

  it.each([
    { env: {}, docs: true },
    { env: { NODE_ENV: 'production', EMBEDDED_DATABASE: 'true' }, docs: true },
    { env: { DOCS_ENABLED: 'false' }, docs: false },
  ])('$env serve documentation: $docs', ({ env, docs }) => {
    expect(AppConfig.load(env).DOCS_ENABLED).toBe(docs);
  });
});

const preflight = (app: TestApp, origin: string) =>
  fetch(`${app.origin}${STATUS}`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
  });

/** What each directive of a Content-Security-Policy allows. */
const policyOf = (headers: Headers): Record<string, string[]> =>
  Object.fromEntries(
    (headers.get('content-security-policy') ?? '').split(';').map((directive) => {
      const [name = '', ...sources] = directive.trim().split(' ');
      return [name, sources];
    }),
  );

/** Asks on a connection of its own, and tells whose certificate it met. */
async function askByTls(app: TestApp, client: { cert?: string; key?: string } = {}) {
  const { port } = new URL(app.origin);
  const request = get({ port, path: STATUS, agent: false, rejectUnauthorized: false, ...client });
  const [response] = (await once(request, 'response')) as [{ statusCode: number; socket: TLSSocket; resume(): void }];
  const name = response.socket.getPeerCertificate().subject.CN;
  response.resume();
  await once(response as never, 'end');
  return { status: response.statusCode, name };
}
