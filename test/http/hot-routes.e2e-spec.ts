import type { ApplicationConfig } from '@nestjs/core';
import { BearerJwtGuard } from '../../src/access-token/bearer-jwt.guard.js';
import { ConfirmedRefusalInterceptor } from '../../src/access-token/confirmed-refusal.interceptor.js';
import { ReadLimitInterceptor } from '../../src/access-token/read-limit.interceptor.js';
import { TokenUsage } from '../../src/access-token/usage/token-usage.service.js';
import { RefusalInterceptor } from '../../src/audit-event/refusal.interceptor.js';
import { ErrorFilter } from '../../src/common/errors/error.filter.js';
import { RequestShapePipe } from '../../src/common/validation/request-shape.pipe.js';
import type { Answer } from '../support/http-client.js';
import { TestApp } from '../support/test-app.js';
import { UNKNOWN_ID } from '../support/token-auth-api.js';

interface Sent {
  method?: string;
  path: string;
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** What requests speak of. */
interface Things {
  admin: string;
  id: string;
  tokenId: string;
  token: string;
  nobody: string;
  revoked: string;
  elsewhere: string;
}

const INTROSPECT = '/oauth2/introspect';
const RENEW = '/api/v1/auth/token/renew';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const tokensOf = (id: string): string => `/api/v1/auth/token-auth/identities/${id}/tokens`;
const record = (id: string): string => `/api/v1/auth/token-auth/tokens/${id}`;

/** Bodies of a good request, and what else may come in their place. */
const bodiesOf = (field: string, good: string): [string, unknown][] => [
  ['good', { [field]: good }],
  ['good, and keys that nobody knows', { [field]: good, identityId: 5, constructed: {} }],
  ['absent', undefined],
  ['null', 'null'],
  ['a list', []],
  ['a word', '"x"'],
  ['no JSON', '{"'],
  ['too deep', `{"a":${'['.repeat(20)}${']'.repeat(20)}}`],
  ['a poisoned object', '{"__proto__":{"x":1}}'],
  ['an empty object', {}],
  ['null in it', { [field]: null }],
  ['a number in it', { [field]: 5 }],
  ['NUL in it', { [field]: 'a\0b' }],
  ['ill-formed Unicode in it', String.raw`{"${field}":"\ud800"}`],
  ['a text that is too long in it', { [field]: 'x'.repeat(60_001) }],
  ['junk in it', { [field]: 'junk' }],
];

const extras: [string, object][] = [
  ['all that may be there', { token_type_hint: 'access_token', client_address: '2001:DB8::1', consume: false }],
  ['an address that is none', { client_address: 'x' }],
  ['an address that is no text', { client_address: 5 }],
  ['a hint that is no text', { token_type_hint: null }],
  ['a hint that is too long', { token_type_hint: 'x'.repeat(256) }],
  ['text for a boolean', { consume: 'true' }],
];

/** Every way to fail, and to succeed, that a request of a hot route has. */
const cases: [string, (things: Things) => Sent][] = [
  ...bodiesOf('token', '').map(([name, body]): [string, (things: Things) => Sent] => [
    `introspect: ${name}`,
    ({ admin, token }) => ({
      path: INTROSPECT,
      token: admin,
      body: name.startsWith('good') ? { ...(body as object), token } : body,
    }),
  ]),
  ...extras.map(([name, extra]): [string, (things: Things) => Sent] => [
    `introspect: ${name}`,
    ({ admin, token }) => ({ path: INTROSPECT, token: admin, body: { token, ...extra } }),
  ]),
  [
    'introspect: a form',
    ({ admin, token }) => ({ path: INTROSPECT, token: admin, headers: FORM, body: `token=${token}&consume=false` }),
  ],
  [
    'introspect: a form with a bad boolean',
    ({ admin }) => ({ path: INTROSPECT, token: admin, headers: FORM, body: 'token=x&consume=1' }),
  ],
  [
    'introspect: text',
    ({ admin }) => ({ path: INTROSPECT, token: admin, headers: { 'content-type': 'text/plain' }, body: 'x' }),
  ],
  [
    'introspect: a revoked token',
    ({ admin, revoked }) => ({ path: INTROSPECT, token: admin, body: { token: revoked } }),
  ],
  ['introspect: no bearer', ({ token }) => ({ path: INTROSPECT, body: { token } })],
  ['introspect: no bearer, and a bad body', () => ({ path: INTROSPECT, body: [] })],
  ['introspect: a junk bearer', () => ({ path: INTROSPECT, token: 'junk', body: {} })],
  ['introspect: another scheme', () => ({ path: INTROSPECT, headers: { authorization: 'Basic eA==' }, body: {} })],
  ['introspect: a revoked bearer', ({ revoked }) => ({ path: INTROSPECT, token: revoked, body: {} })],
  ['introspect: a bearer from elsewhere', ({ elsewhere }) => ({ path: INTROSPECT, token: elsewhere, body: {} })],
  ['introspect: no permission', ({ nobody, token }) => ({ path: INTROSPECT, token: nobody, body: { token } })],
  ['introspect: no permission, and a bad body', ({ nobody }) => ({ path: INTROSPECT, token: nobody, body: {} })],
  ['introspect: another method', ({ admin }) => ({ method: 'GET', path: INTROSPECT, token: admin })],
  ['introspect: a slash at the end', ({ admin, token }) => ({ path: `${INTROSPECT}/`, token: admin, body: { token } })],
  ...bodiesOf('name', 'a name').map(([name, body]): [string, (things: Things) => Sent] => [
    `mint: ${name}`,
    ({ admin, id }) => ({ path: tokensOf(id), token: admin, body }),
  ]),
  ['mint: a bad slug', ({ admin, id }) => ({ path: tokensOf(id), token: admin, body: { organizationSlug: '!' } })],
  [
    'mint: an unknown slug',
    ({ admin, id }) => ({ path: tokensOf(id), token: admin, body: { organizationSlug: ' Xy ' } }),
  ],
  ['mint: an unknown identity', ({ admin }) => ({ path: tokensOf(UNKNOWN_ID), token: admin })],
  ['mint: no id', ({ admin }) => ({ path: tokensOf('x'), token: admin })],
  ['mint: an empty id', ({ admin }) => ({ path: tokensOf(''), token: admin })],
  ['mint: a bad key', ({ admin, id }) => ({ path: tokensOf(id), token: admin, headers: { 'idempotency-key': '' } })],
  [
    'mint: a bad key and a bad body',
    ({ admin, id }) => ({ path: tokensOf(id), token: admin, headers: { 'idempotency-key': '' }, body: [] }),
  ],
  ['mint: no bearer', ({ id }) => ({ path: tokensOf(id), body: [] })],
  ['mint: no permission', ({ id, nobody }) => ({ path: tokensOf(id), token: nobody })],
  ['mint: a bearer from elsewhere', ({ id, elsewhere }) => ({ path: tokensOf(id), token: elsewhere })],
  ['read', ({ admin, tokenId }) => ({ method: 'GET', path: record(tokenId), token: admin })],
  [
    'read: capital letters',
    ({ admin, tokenId }) => ({ method: 'GET', path: record(tokenId.toUpperCase()), token: admin }),
  ],
  ['read: unknown', ({ admin }) => ({ method: 'GET', path: record(UNKNOWN_ID), token: admin })],
  ['read: no id', ({ admin }) => ({ method: 'GET', path: record('x'), token: admin })],
  ['read: an empty id', ({ admin }) => ({ method: 'GET', path: record(''), token: admin })],
  ['read: an id that is too long', ({ admin }) => ({ method: 'GET', path: record('x'.repeat(600)), token: admin })],
  ['read: no bearer', ({ tokenId }) => ({ method: 'GET', path: record(tokenId) })],
  ['read: no permission', ({ tokenId, nobody }) => ({ method: 'GET', path: record(tokenId), token: nobody })],
  [
    'read: a bearer from elsewhere',
    ({ tokenId, elsewhere }) => ({ method: 'GET', path: record(tokenId), token: elsewhere }),
  ],
  ...bodiesOf('accessToken', '').map(([name, body]): [string, (things: Things) => Sent] => [
    `renew: ${name}`,
    ({ token }) => ({
      path: RENEW,
      body: name.startsWith('good') ? { ...(body as object), accessToken: token } : body,
    }),
  ]),
  ['renew: a revoked token', ({ revoked }) => ({ path: RENEW, body: { accessToken: revoked } })],
  ['renew: a token from elsewhere', ({ elsewhere }) => ({ path: RENEW, body: { accessToken: elsewhere } })],
];

describe('a hot route', () => {
  let app: TestApp;
  let plain: TestApp;
  let things: Things;
  beforeAll(async () => {
    const env = { FAILED_CREDENTIALS_PER_MINUTE: '50' };
    app = await TestApp.start({ env });
    plain = await TestApp.start({ env, beside: app, withoutHotRoutes: true });
    const { token: admin } = await app.given.root();
    const { id, token, tokenId } = await app.given.identity();
    const config = { accessTokenTrustedIps: [{ ipAddress: '192.0.2.1' }] };
    const { token: elsewhere } = await app.given.identity({ role: 'admin', config });
    const { token: nobody } = await app.given.identity();
    const { accessToken: revoked, tokenData } = await app.given.mint(id);
    await app.http.post(`${record(tokenData.id)}/revoke`, { token: admin });
    await plain.catchUp();
    things = { admin, id, tokenId, token, nobody, revoked, elsewhere };
  });
  afterAll(async () => {
    await plain.stop();
    await app.stop();
  });

  /** So that no count of uses changes between two answers. */
  beforeEach(() => Promise.all([app, plain].map((of) => of.nest.get(TokenUsage).flush())));

  const send = (to: TestApp, { method = 'POST', path, ...rest }: Sent): Promise<Answer> =>
    to.http.send(method, path, rest);

  it.each(cases)('answers as Nest would: %s', async (_name, sentOf) => {
    const sent = sentOf(things);
    const [hot, nest] = [await send(app, sent), await send(plain, sent)];
    expect(await tracesOf(app, hot)).toEqual(await tracesOf(plain, nest));
  });

  /** What is added for all routes has to be added to `serveHotRoutes` as well, or hot routes go without it. */
  it('goes through the steps of every route, and there are no others', () => {
    const { config } = app.nest as unknown as { config: ApplicationConfig };
    const kindsOf = (steps: object[]) => steps.map(({ constructor }) => constructor);
    expect({
      guards: kindsOf(config.getGlobalGuards()),
      pipes: kindsOf(config.getGlobalPipes()),
      filters: kindsOf(config.getGlobalFilters()),
      interceptors: kindsOf(config.getGlobalInterceptors()),
      ofRequests: [
        ...config.getGlobalRequestGuards(),
        ...config.getGlobalRequestPipes(),
        ...config.getGlobalRequestFilters(),
        ...config.getGlobalRequestInterceptors(),
      ],
    }).toEqual({
      guards: [BearerJwtGuard],
      pipes: [RequestShapePipe],
      filters: [ErrorFilter],
      // The last of them sees a failure first.
      // ReadLimitInterceptor lets fast-path routes pass: they limit their database work where they read.
      interceptors: [RefusalInterceptor, ConfirmedRefusalInterceptor, ReadLimitInterceptor],
      ofRequests: [],
    });
  });

  it('counts failed credentials as Nest would', async () => {
    const spend = async (to: TestApp): Promise<object> => {
      for (;;) {
        const answer = await send(to, { path: INTROSPECT, token: 'junk', body: {} });
        if (answer.status === 429) return tracesOf(to, answer);
      }
    };
    expect(await spend(app)).toEqual(await spend(plain));
    app.clock.advance(60);
  });

  it.each([
    ['introspect', ({ admin, token }: Things): Sent => ({ path: INTROSPECT, token: admin, body: { token } })],
    ['mint', ({ admin, id }: Things): Sent => ({ path: tokensOf(id), token: admin })],
    ['read', ({ admin, tokenId }: Things): Sent => ({ method: 'GET', path: record(tokenId), token: admin })],
    ['renew', ({ token }: Things): Sent => ({ path: RENEW, body: { accessToken: token } })],
  ])('does not go through Nest: %s', async (_name, sentOf) => {
    const passedIn = async (through: TestApp): Promise<number> => {
      const intercept = jest.spyOn(through.nest.get(RefusalInterceptor), 'intercept');
      expect((await send(through, sentOf(things))).status).toBe(200);
      const { length } = intercept.mock.calls;
      intercept.mockRestore();
      return length;
    };
    expect([await passedIn(app), await passedIn(plain)]).toEqual([0, 1]);
  });
});

/** What differs from one answer to the next, whoever gives it. */
const PASSING = new Set(['reqId', 'id', 'accessToken', 'milliseconds', 'time', 'tokenId']);
const without = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value ?? null, (key, inner: unknown) => (PASSING.has(key) ? `some ${typeof inner}` : inner)),
  );

/** All that a request left behind: its answer, its line in the log and its rows in the audit log. */
async function tracesOf(of: TestApp, answer: Answer): Promise<object> {
  const told = Object.fromEntries(answer.headers);
  const { 'x-request-id': reqId, date, 'content-length': length, ratelimit, ...headers } = told;
  expect([reqId, date, length].every((text) => text !== undefined)).toBe(true);
  const rows: object[] = await of.db.query(
    `SELECT event, outcome, actor_identity_id, identity_id, token_id IS NULL AS "noToken", details FROM audit_event
     WHERE req_id = $1`,
    [reqId],
  );
  // What is left of a limit depends on what came before.
  const fields = { ...headers, ratelimit: typeof ratelimit };
  return { status: answer.status, headers: fields, body: without(answer.body), log: without(of.logOf(answer)), rows };
}
