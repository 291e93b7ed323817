import { randomUUID } from 'node:crypto';
import { oauthRefusal, told } from '../support/answers.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { headerOf } from '../support/jwt.js';
import { rawRequest, sendRaw } from '../support/raw-http.js';
import { TestApp } from '../support/test-app.js';

const JSON_TYPE = { 'content-type': 'application/json' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** Each route with what its body carries a token as. */
const ROUTES: [path: string, bodyOf: (token: string) => object][] = [
  ['/oauth2/introspect', (token) => ({ token })],
  ['/oauth2/introspect/batch', (token) => ({ tokens: [{ token }, { token: 'junk' }, { token }] })],
  ['/oauth2/revoke', (token) => ({ token })],
];
const QUESTIONS = ROUTES.slice(0, 2);

/** RFC 6749 section 5.2: an error of a standard name, a description in plain ASCII, and nothing else. */
describe('errors below /oauth2', () => {
  let app: TestApp;
  let token: string;
  beforeAll(async () => {
    app = await TestApp.start();
    ({ token } = await app.given.root());
  });
  afterAll(() => app.stop());

  const raw = async (line: string, headers: Record<string, string> = {}, body = '') => {
    const answer = await sendRaw(app.origin, rawRequest(line, headers, body));
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-request-id': expect.stringMatching(/^req-[A-Za-z0-9]{14}$/),
    });
    expect(app.log).toContainEqual(expect.objectContaining({ reqId: answer.headers['x-request-id'], msg: 'request' }));
    return { status: answer.status, body: JSON.parse(answer.text) as unknown };
  };
  const bearer = () => ({ authorization: `Bearer ${token}` });

  describe.each(ROUTES)('POST %s', (path) => {
    it.each([
      [JSON_TYPE, '{'],
      [JSON_TYPE, `{"token":${'['.repeat(20)}`],
      [FORM, 'token=%zz'],
    ])('400: a malformed body, %j %s', async (type, body) => {
      expect(await raw(`POST ${path}`, { ...bearer(), ...type }, body)).toEqual(
        oauthRefusal(400, 'invalid_request', 'The body is malformed'),
      );
    });

    it.each([{}, JSON_TYPE, FORM])('400: no body, %j', async (type) => {
      expect(await raw(`POST ${path}`, { ...bearer(), ...type })).toEqual(
        oauthRefusal(400, 'invalid_request', 'A body is required'),
      );
    });

    it('413: a body that is too large', async () => {
      const body = JSON.stringify({ padding: 'x'.repeat(256 * 1024) });
      expect(await raw(`POST ${path}`, { ...bearer(), ...JSON_TYPE }, body)).toEqual(
        oauthRefusal(413, 'invalid_request'),
      );
    });

    it('414: a URL that is too long', async () => {
      expect(await raw(`POST ${path}?a=${'b'.repeat(10_000)}`)).toEqual(oauthRefusal(414, 'invalid_request'));
    });

    it.each(['text/plain', 'application/jwt', 'multipart/form-data; boundary=x'])('415: %s', async (type) => {
      expect(await raw(`POST ${path}`, { ...bearer(), 'content-type': type }, 'token=x')).toEqual(
        oauthRefusal(415, 'invalid_request'),
      );
    });

    it.each(['GET', 'PUT', 'DELETE'])('404: %s', async (method) => {
      expect(await raw(`${method} ${path}`, bearer())).toEqual(oauthRefusal(404, 'invalid_request'));
    });

    it('is the same place with a slash behind it', async () => {
      expect(await raw(`POST ${path}/`, { ...bearer(), ...JSON_TYPE }, '{}')).toEqual(
        oauthRefusal(400, 'invalid_request'),
      );
    });
  });

  it.each(['GET /oauth2', 'GET /oauth2/', 'POST /oauth2/token', 'GET /oauth2/introspect/batch/x'])(
    '404: %s',
    async (line) => {
      expect(await raw(line, bearer())).toEqual(oauthRefusal(404, 'invalid_request', 'There is no such route'));
    },
  );

  it.each(['/api/oauth2/introspect', '/api/oauth2/revoke'])('are not those of %s, which is no route', async (path) => {
    expect((await raw(`POST ${path}`)).body).toMatchObject({ statusCode: 404, error: 'NotFound' });
  });

  it('400: bad percent-encoding', async () => {
    expect(await raw('GET /oauth2/%zz')).toEqual(oauthRefusal(400, 'invalid_request', 'The URL is malformed'));
  });

  describe.each(QUESTIONS)('the caller of POST %s', (path, bodyOf) => {
    const ask = (caller?: string) => app.http.post(path, { token: caller, body: bodyOf(token) });

    it.each<Record<string, string>>([{}, { authorization: '' }, { authorization: 'Basic Y2xpZW50OnNlY3JldA==' }])(
      '401 and a bare challenge without a token: %j',
      async (headers) => {
        const answer = await app.http.post(path, { headers, body: bodyOf(token) });
        expect(told(answer)).toEqual(oauthRefusal(401, 'invalid_client', 'An access token is required'));
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      },
    );

    it('401 and the class of the fault with a token that is no good', async () => {
      const expired = await app.given.identity({ role: 'verifier', config: { accessTokenTTL: 60 } });
      app.clock.advance(60);
      for (const [caller, description] of [
        ['junk', 'The access token is not valid'],
        [expired.token, 'The access token has expired'],
      ]) {
        const answer = await ask(caller);
        expect(told(answer)).toEqual(oauthRefusal(401, 'invalid_token', description));
        expect(answer.headers.get('www-authenticate')).toBe(
          `Bearer error="invalid_token", error_description="${description}"`,
        );
      }
    });

    it('401 before anything is said of the body', async () => {
      expect(told(await app.http.post(path, { token: 'junk', body: {} }))).toEqual(oauthRefusal(401, 'invalid_token'));
    });

    it('403 from an address that is not on its list', async () => {
      const elsewhere = await app.given.identity({
        role: 'verifier',
        config: { accessTokenTrustedIps: [{ ipAddress: '192.0.2.1' }] },
      });
      const description = 'The address 127.0.0.1 is not on the allow-list of this identity';
      expect(told(await ask(elsewhere.token))).toEqual(oauthRefusal(403, 'access_denied', description));
    });
  });
});

describe('faults below /oauth2', () => {
  let app: TestApp;
  afterEach(() => app.stop());

  describe.each(ROUTES)('POST %s', (path, bodyOf) => {
    it('500: tells nothing of the cause, which is logged', async () => {
      app = await TestApp.start();
      const { token } = await app.given.root();
      const subject = (await app.given.identity()).token;
      await app.db.query('ALTER TABLE access_token RENAME TO elsewhere');
      const answer = await app.http.post(path, { token, body: bodyOf(subject) });
      expect(told(answer)).toEqual(oauthRefusal(500, 'server_error', 'Something went wrong'));
      const reqId = answer.headers.get('x-request-id');
      expect(app.log).toContainEqual(expect.objectContaining({ reqId, err: expect.any(Object) }));
      expect(app.logLines.join()).not.toContain(subject.split('.')[2]);
    });

    it('503 when the store is out of reach, and never an answer about the token (CVE-2020-15223)', async () => {
      const proxy = new DatabaseProxy();
      app = await TestApp.start({ via: proxy.open });
      const { token } = await app.given.root();
      const subject = (await app.given.identity()).token;
      await proxy.cut();
      const answer = await app.http.post(path, { token, body: bodyOf(subject) });
      expect(told(answer)).toEqual(oauthRefusal(503, 'temporarily_unavailable'));
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(answer.headers.get('x-request-id')).toMatch(/^req-/);
    });
  });

  it('503 where the store alone may know the key, however often it is asked, and no dead token (CVE-2020-15223)', async () => {
    const proxy = new DatabaseProxy();
    app = await TestApp.start({ via: proxy.open });
    const { token } = await app.given.root();
    const [, ...rest] = token.split('.');
    const header = { ...headerOf(token), kid: 'of-another-replica' };
    const text = [Buffer.from(JSON.stringify(header)).toString('base64url'), ...rest].join('.');
    await proxy.cut();
    app.clock.hold();
    app.clock.pass(60_000);
    for (let sent = 0; sent < 3; sent += 1) {
      const answer = await app.http.post('/oauth2/revoke', { body: { token: text } });
      expect(told(answer)).toEqual(oauthRefusal(503, 'temporarily_unavailable'));
    }
  });
});

describe('POST /oauth2/introspect while the store fails for the subject alone', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  /** A row that nobody can read or change until it is let go. */
  const held = async <T>(tokenId: string, work: () => Promise<T>): Promise<T> => {
    const holder = app.db.createQueryRunner();
    await holder.startTransaction();
    await holder.query('SELECT FROM access_token WHERE id = $1 FOR UPDATE', [tokenId]);
    try {
      return await work();
    } finally {
      await holder.rollbackTransaction();
      await holder.release();
    }
  };

  it.each(QUESTIONS)('POST %s is 503 and not inactive where a use can not be spent', async (path, bodyOf) => {
    const { token: caller } = await app.given.root();
    const { token, tokenId } = await app.given.identity({ config: { accessTokenNumUsesLimit: 5 } });
    const body = { ...bodyOf(token), consume: true };
    const answer = await held(tokenId, () => app.http.post(path, { token: caller, body }));
    expect(told(answer)).toEqual(oauthRefusal(503, 'temporarily_unavailable'));
  });

  it('POST /oauth2/revoke is 503 and not 200 where the row can not be changed, and may be sent again (CVE-2020-15223)', async () => {
    const { token, tokenId } = await app.given.identity();
    const revoke = () => app.http.post('/oauth2/revoke', { body: { token } });
    expect(told(await held(tokenId, revoke))).toEqual(oauthRefusal(503, 'temporarily_unavailable'));
    expect((await app.http.get('/api/v1/identities/details', { token })).status).toBe(200);
    expect((await revoke()).status).toBe(200);
    expect((await app.http.get('/api/v1/identities/details', { token })).status).toBe(401);
  });

  it('POST /oauth2/revoke is no 200 where the audit log takes no row, and nothing happened (CVE-2020-15223)', async () => {
    const { token } = await app.given.identity();
    const name = `refuse_${randomUUID().replaceAll('-', '')}`;
    await app.db.query(`ALTER TABLE audit_event ADD CONSTRAINT ${name} CHECK (event IS NULL) NOT VALID`);
    const answer = await app.http.post('/oauth2/revoke', { body: { token } });
    await app.db.query(`ALTER TABLE audit_event DROP CONSTRAINT ${name}`);
    expect(told(answer)).toEqual(oauthRefusal(500, 'server_error'));
    expect((await app.http.get('/api/v1/identities/details', { token })).status).toBe(200);
  });
});
