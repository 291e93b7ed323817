import { DatabaseProxy } from '../support/database-proxy.js';
import type { RequestOptions } from '../support/http-client.js';
import { MetricsOf } from '../support/metrics-of.js';
import { type RawAnswer, rawRequest, sendRaw } from '../support/raw-http.js';
import { TestApp } from '../support/test-app.js';

const LIMIT = 64 * 1024;
const RENEW = '/api/v1/auth/token/renew';
/** Looks like a token, and is none. */
const SECRET = 'eyJzZWNyZXQ.eyJzZWNyZXQ.c2VjcmV0';
const OWN_REQ_ID = 'req-CallersOwn0000';

/** A JSON body of exactly so many bytes, whose token is none. */
const bodyOf = (bytes: number): string => {
  const frame = JSON.stringify({ accessToken: 'x', padding: '' });
  return JSON.stringify({ accessToken: 'x', padding: 'y'.repeat(bytes - frame.length) });
};

interface Expected {
  status: number;
  error: string;
  message?: unknown;
}

/** Every error answers the one envelope, names itself in its header, and says no more. */
function expectEnvelope(answer: RawAnswer, { status, error, message }: Expected): void {
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  const body = JSON.parse(answer.text) as { reqId: string };
  expect(body).toEqual({
    reqId: expect.stringMatching(/^req-[A-Za-z0-9]{14}$/),
    statusCode: status,
    message: message ?? expect.any(String),
    error,
  });
  expect(answer.headers['x-request-id']).toBe(body.reqId);
  expect(body.reqId).not.toBe(OWN_REQ_ID);
}

describe('errors', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ env: { REQUEST_TIMEOUT: '1' } });
  });
  afterAll(() => app.stop());

  const raw = (line: string, headers: Record<string, string> = {}, body = '') =>
    sendRaw(app.origin, rawRequest(line, { 'x-request-id': OWN_REQ_ID, ...headers }, body));
  const json = { 'content-type': 'application/json' };

  describe('400', () => {
    it.each(['{', '{"accessToken":', '[1,]', 'null null', '{"a":1}}', "{'a':1}", '\u0000', 'undefined'])(
      'answers malformed JSON %j',
      async (body) => {
        expectEnvelope(await raw(`POST ${RENEW}`, json, body), { status: 400, error: 'BadRequest' });
      },
    );

    it.each(['/api/v1/identities/%', '/api/v1/identities/%zz', '/api/v1/identities/%c3%28', '/%ff'])(
      'answers bad percent-encoding in the path %s',
      async (path) => {
        expectEnvelope(await raw(`GET ${path}`), { status: 400, error: 'BadRequest' });
      },
    );

    it('answers bad percent-encoding in a form', async () => {
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      expectEnvelope(await raw(`POST ${RENEW}`, form, 'accessToken=%zz'), { status: 400, error: 'BadRequest' });
    });

    it.each([
      'no request at all\r\n\r\n',
      'GET /api/status HTTP/9.9\r\nhost: a\r\n\r\n',
      'FOO /api/status HTTP/1.1\r\nhost: a\r\n\r\n',
      'GET /api/status HTTP/1.1\r\nno colon\r\n\r\n',
      'POST /api/status HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      'POST /api/status HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n',
    ])('answers a malformed request %j', async (text) => {
      expectEnvelope(await sendRaw(app.origin, text), { status: 400, error: 'BadRequest' });
    });
  });

  describe('404', () => {
    it.each([
      'GET /',
      'GET /api',
      'GET /api/v2/identities',
      'POST /api/status',
      'TRACE /api/status',
      'GET //api/status',
    ])('answers the unknown route %s', async (line) => {
      expectEnvelope(await raw(line), { status: 404, error: 'NotFound' });
    });

    it('answers an over-long path id', async () => {
      expectEnvelope(await raw(`GET /api/v1/identities/${'a'.repeat(2000)}`), { status: 404, error: 'NotFound' });
    });
  });

  describe('408', () => {
    it.each([
      { what: 'first byte', text: '' },
      { what: 'header', text: 'GET /api/status HTTP/1.1\r\nhost: a\r\n' },
      {
        what: 'body',
        text: `POST ${RENEW} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{`,
      },
    ])('answers a request whose $what comes too slowly, and counts it', async ({ text }) => {
      const slow = async () =>
        (await MetricsOf.read(app)).sum('token_auth_connections_dropped_total', { reason: 'slow' });
      const before = await slow();
      expectEnvelope(await sendRaw(app.origin, text), { status: 408, error: 'RequestTimeout' });
      expect(await slow()).toBe(before + 1);
    });
  });

  describe('413', () => {
    it('reads a body of 64 KiB', async () => {
      expectEnvelope(await raw(`POST ${RENEW}`, json, bodyOf(LIMIT)), { status: 401, error: 'UnauthorizedError' });
    });

    it('answers a body of one byte more', async () => {
      expectEnvelope(await raw(`POST ${RENEW}`, json, bodyOf(LIMIT + 1)), { status: 413, error: 'PayloadTooLarge' });
    });

    it('answers a body of one byte more that does not tell its length', async () => {
      const head = rawRequest(`POST ${RENEW}`, { ...json, 'transfer-encoding': 'chunked' });
      const chunk = `${(LIMIT + 1).toString(16)}\r\n${bodyOf(LIMIT + 1)}\r\n0\r\n\r\n`;
      expectEnvelope(await sendRaw(app.origin, head, chunk), { status: 413, error: 'PayloadTooLarge' });
    });
  });

  describe('414', () => {
    it('answers an over-long URL', async () => {
      const answer = await raw(`GET /api/status?a=${'b'.repeat(10_000)}`);
      expectEnvelope(answer, { status: 414, error: 'UriTooLong' });
    });
  });

  describe('415', () => {
    it.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'application/jsonx', 'nonsense', ''])(
      'answers the media type %j',
      async (type) => {
        const answer = await raw(`POST ${RENEW}`, { 'content-type': type }, '{"accessToken":"x"}');
        expectEnvelope(answer, { status: 415, error: 'UnsupportedMediaType' });
      },
    );
  });

  describe('422', () => {
    it.each([{}, json])('answers an empty body where one is required, with header %j', async (headers) => {
      const message = [{ code: 'isDefined', path: [], message: 'A body is required' }];
      const answer = await raw(`POST ${RENEW}`, headers);
      expectEnvelope(answer, { status: 422, error: 'ValidationFailure', message });
    });
  });

  describe('431', () => {
    it('answers header fields that are too large', async () => {
      const answer = await raw('GET /api/status', { padding: 'a'.repeat(20_000) });
      expectEnvelope(answer, { status: 431, error: 'HeaderFieldsTooLarge' });
    });
  });

  describe('x-request-id', () => {
    it("is the server's own on a success too", async () => {
      const { headers } = await app.http.get('/api/status', { headers: { 'x-request-id': OWN_REQ_ID } });
      expect(headers.get('x-request-id')).toMatch(/^req-[A-Za-z0-9]{14}$/);
      expect(headers.get('x-request-id')).not.toBe(OWN_REQ_ID);
    });
  });

  it.each([
    ['is malformed', 'no request at all\r\n\r\n'],
    ['has a malformed path', rawRequest('GET /api/v1/identities/%')],
    ['has an over-long id', rawRequest(`GET /api/v1/identities/${'a'.repeat(2000)}`)],
    ['has an over-long URL', rawRequest(`GET /api/status?a=${'b'.repeat(10_000)}`)],
    ['has no route', rawRequest('GET /nowhere')],
    ['has malformed JSON', rawRequest(`POST ${RENEW}`, json, '{')],
  ])('has one line of the log under its reqId when it %s', async (_what, text) => {
    const { headers, status } = await sendRaw(app.origin, text);
    const lines = app.log.filter((line) => (line as { reqId?: string }).reqId === headers['x-request-id']);
    expect(lines).toEqual([expect.objectContaining({ msg: 'request', statusCode: status, error: expect.any(String) })]);
  });

  describe('what was sent', () => {
    it.each<[string, string, Record<string, string>, string]>([
      ['malformed JSON', `POST ${RENEW}`, json, `{"accessToken":"${SECRET}"`],
      [
        'text where JSON is due, of which the parser quotes the first ten letters',
        `POST ${RENEW}`,
        json,
        SECRET.slice(3),
      ],
      ['a body of a wrong shape', `POST ${RENEW}`, json, `{"accessToken":["${SECRET}"]}`],
      [
        'a form with brackets',
        `POST ${RENEW}`,
        { 'content-type': 'application/x-www-form-urlencoded' },
        `a=${SECRET}%`,
      ],
      ['a token that is none', `POST ${RENEW}`, json, `{"accessToken":"${SECRET}"}`],
      ['a token to revoke that is none', 'POST /api/v1/auth/token/revoke', json, `{"accessToken":"${SECRET}"}`],
      ['a key', `POST ${RENEW}`, json, `{"${SECRET}":1}`],
      ['a media type', `POST ${RENEW}`, { 'content-type': `text/${SECRET}` }, '{}'],
      ['a bearer token', 'GET /api/v1/identities/details', { authorization: `Bearer ${SECRET}` }, ''],
      ['another scheme', 'GET /api/v1/identities/details', { authorization: `Basic ${SECRET}` }, ''],
      ['an unknown route', `GET /api/${SECRET}`, {}, ''],
      ['a malformed path', `GET /api/${SECRET}/%`, {}, ''],
      ['an over-long path', `GET /api/v1/identities/${SECRET.repeat(40)}`, {}, ''],
      ['a query', `GET /api/v1/identities/details?token=${SECRET}`, {}, ''],
      ['a header', 'GET /nowhere', { 'x-request-id': SECRET, 'user-agent': SECRET }, ''],
      ['a malformed header', 'GET /nowhere', { [`${SECRET} ${SECRET}`]: SECRET }, ''],
      ['an over-long header', 'GET /nowhere', { padding: SECRET.repeat(1000) }, ''],
      ['a method', `${SECRET} /nowhere`, {}, ''],
    ])('does not come back nor is it logged: %s [CVE-2025-4166]', async (_what, line, headers, body) => {
      const answer = await raw(line, headers, body);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(JSON.stringify(answer)).not.toContain('ZWNyZXQ');
      expect(app.logLines.join()).not.toContain('ZWNyZXQ');
    });
  });
});

describe('faults', () => {
  let app: TestApp;
  beforeEach(async () => {
    app = await TestApp.start();
  });
  afterEach(() => app.stop());

  const details = (options: RequestOptions) => app.http.get('/api/v1/identities/details', options);

  describe('500', () => {
    it('tells nothing of the cause, which is logged under the reqId without the token', async () => {
      const { token } = await app.given.root();
      await app.db.query('ALTER TABLE access_token RENAME TO elsewhere');
      const { status, body } = await details({ token });
      expect(status).toBe(500);
      expect(body).toEqual({
        reqId: expect.stringMatching(/^req-[A-Za-z0-9]{14}$/),
        statusCode: 500,
        message: 'Something went wrong',
        error: 'InternalServerError',
      });
      const causes = app.log.filter((line) => 'err' in line && 'reqId' in line && line.reqId === body.reqId);
      expect(JSON.stringify(causes)).toContain('access_token');
      expect(app.logLines.join()).not.toContain(token.split('.')[2]);
    });

    it.each([
      ['a row that a statement failed on', `ALTER TABLE identity ADD CONSTRAINT refuse_all CHECK (created_at IS NULL)`],
      ['a value that a message quotes', `ALTER TABLE identity ADD CONSTRAINT refuse_all CHECK (name::uuid IS NULL)`],
    ])('keeps a token out of the log: %s [CVE-2025-4166]', async (_what, statement) => {
      const { token, organizationId } = await app.given.root();
      await app.db.query(`${statement} NOT VALID`);
      const body = { name: SECRET, organizationId, role: 'no-access' };
      const answer = await app.http.post('/api/v1/identities', { token, body });
      expect(answer.status).toBe(500);
      expect(JSON.stringify(answer.body)).not.toMatch(/refuse_all|identity|INSERT|ZWNyZXQ/);
      expect(app.logLines.join()).toContain('QueryFailedError');
      expect(app.logLines.join()).not.toContain('ZWNyZXQ');
    });
  });

  describe('503', () => {
    it('answers when the database is out of reach, and says when to come back', async () => {
      const proxy = new DatabaseProxy();
      const cutOff = await TestApp.start({ via: proxy.open });
      const { token } = await cutOff.given.root();
      await proxy.cut();
      const routes = [
        ['GET', '/api/v1/identities/details', token],
        ['POST', '/api/v1/auth/token/renew', undefined],
        ['POST', '/api/v1/auth/token/revoke', undefined],
      ] as const;
      for (const [method, path, bearer] of routes) {
        const body = method === 'POST' ? { accessToken: token } : undefined;
        const answer = await cutOff.http.send(method, path, { token: bearer, body });
        expect(answer).toMatchObject({ status: 503, body: { statusCode: 503, error: 'ServiceUnavailable' } });
        expect(answer.headers.get('retry-after')).toBe('1');
      }
      expect(cutOff.logLines.join()).not.toContain(token.split('.')[2]);
      await cutOff.stop();
    });

    it('answers when the database is too slow, and says when to come back', async () => {
      const { token } = await app.given.root();
      const holder = app.db.createQueryRunner();
      await holder.startTransaction();
      await holder.query('LOCK TABLE access_token IN ACCESS EXCLUSIVE MODE');
      const { status, headers, body } = await details({ token });
      await holder.rollbackTransaction();
      await holder.release();
      expect(body).toMatchObject({ statusCode: 503, error: 'ServiceUnavailable' });
      expect(status).toBe(503);
      expect(headers.get('retry-after')).toBe('1');
    });
  });
});
