import type { RequestOptions } from '../support/http-client.js';
import { rawRequest, sendRaw } from '../support/raw-http.js';
import { TestApp } from '../support/test-app.js';

const IDENTITIES = '/api/v1/identities';
const TOKEN_AUTH = '/api/v1/auth/token-auth';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const JSON_TYPE = { 'content-type': 'application/json' };
const UNKNOWN = '01900000-0000-7000-8000-000000000000';

describe('bodies', () => {
  let app: TestApp;
  let token: string;
  let organizationId: string;
  beforeAll(async () => {
    app = await TestApp.start();
    ({ token, organizationId } = await app.given.root());
  });
  afterAll(() => app.stop());

  const send = (method: string, path: string, options: RequestOptions = {}) =>
    app.http.send(method, path, { token, ...options });
  const createIdentity = (body: object) => send('POST', IDENTITIES, { body: { name: 'a', organizationId, ...body } });
  const withTokenAuth = async (): Promise<string> => (await app.given.identity()).id;

  describe('unknown keys', () => {
    it('are dropped from a body', async () => {
      const id = await withTokenAuth();
      const body = { identityId: 'another', name: 'a name', admin: true, tokenData: {} };
      const answer = await send('POST', `${TOKEN_AUTH}/identities/${id}/tokens`, { body });
      expect(answer).toMatchObject({ status: 200, body: { tokenData: { identityId: id, name: 'a name' } } });
    });

    it('are dropped from a query', async () => {
      const id = await withTokenAuth();
      const answer = await send('GET', `${TOKEN_AUTH}/identities/${id}/tokens?identityId=x&limit=1&constructor=y`);
      expect(answer).toMatchObject({ status: 200, body: { tokens: [{ identityId: id }] } });
    });
  });

  describe('DELETE', () => {
    it.each<[string, RequestOptions]>([
      ['bare', {}],
      ['with a JSON content type and no body', { headers: JSON_TYPE }],
      ['with a JSON body', { body: { identityId: 'another' } }],
    ])('is accepted %s', async (_how, options) => {
      const id = await withTokenAuth();
      const answer = await send('DELETE', `${TOKEN_AUTH}/identities/${id}`, options);
      expect(answer).toMatchObject({ status: 200, body: { identityTokenAuth: { identityId: id } } });
    });
  });

  describe('no body', () => {
    it.each<[string, RequestOptions]>([
      ['without a content type', {}],
      ['with a JSON content type', { headers: JSON_TYPE }],
      ['with a form content type', { headers: FORM }],
    ])('counts as {} on mint and revoke by id, %s', async (_how, options) => {
      const id = await withTokenAuth();
      const minted = await send('POST', `${TOKEN_AUTH}/identities/${id}/tokens`, options);
      expect(minted.status).toBe(200);
      const revoked = await send('POST', `${TOKEN_AUTH}/tokens/${minted.body.tokenData.id}/revoke`, options);
      expect(revoked.status).toBe(200);
    });

    it.each([
      ['POST', `${TOKEN_AUTH}/identities/${UNKNOWN}`],
      ['PATCH', `${TOKEN_AUTH}/identities/${UNKNOWN}`],
      ['PATCH', `${TOKEN_AUTH}/tokens/${UNKNOWN}`],
      ['POST', IDENTITIES],
      ['POST', '/api/v1/auth/token/renew'],
      ['POST', '/api/v1/auth/token/revoke'],
    ])('is 422 on %s %s', async (method, path) => {
      const message = [{ code: 'isDefined', path: [], message: 'A body is required' }];
      const answers = [await send(method, path), await send(method, path, { headers: JSON_TYPE })];
      for (const answer of answers) expect(answer).toMatchObject({ status: 422, body: { message } });
    });

    it.each(['null', '[]', '"text"', '1', 'true'])('is not what the body %s is', async (body) => {
      const id = await withTokenAuth();
      const answer = await send('PATCH', `${TOKEN_AUTH}/identities/${id}`, { body });
      expect(answer).toMatchObject({ status: 422, body: { error: 'ValidationFailure' } });
    });
  });

  describe('a form', () => {
    it('is accepted where JSON is: digits are integers', async () => {
      const id = await withTokenAuth();
      const body = 'accessTokenTTL=60&accessTokenMaxTTL=120&unknown=1';
      const answer = await send('PATCH', `${TOKEN_AUTH}/identities/${id}`, { body, headers: FORM });
      const identityTokenAuth = { accessTokenTTL: 60, accessTokenMaxTTL: 120 };
      expect(answer).toMatchObject({ status: 200, body: { identityTokenAuth } });
    });

    it('is accepted where JSON is: true and false are booleans', async () => {
      const body = `name=a+b%2Bc&organizationId=${organizationId}&hasDeleteProtection=true`;
      const answer = await send('POST', IDENTITIES, { body, headers: FORM });
      expect(answer).toMatchObject({ status: 200, body: { identity: { name: 'a b+c', hasDeleteProtection: true } } });
    });

    it.each([
      'accessTokenTrustedIps=10.0.0.1',
      'accessTokenTTL=60&accessTokenTTL=61',
      'accessTokenTTL=6e1',
      'accessTokenTTL=',
      'accessTokenTTL=1.5',
      'accessTokenTTL=9999999999999999999999',
    ])('is 422 where %s does not fit', async (body) => {
      const id = await withTokenAuth();
      const answer = await send('PATCH', `${TOKEN_AUTH}/identities/${id}`, { body, headers: FORM });
      expect(answer).toMatchObject({ status: 422, body: { error: 'ValidationFailure' } });
    });

    it.each([
      { fields: 200, status: 200 },
      { fields: 201, status: 400 },
    ])('is $status with $fields fields, none of which is dropped', async ({ fields, status }) => {
      const id = await withTokenAuth();
      const body = `${'x=1&'.repeat(fields - 1)}accessTokenTTL=77`;
      const answer = await send('PATCH', `${TOKEN_AUTH}/identities/${id}`, { body, headers: FORM });
      expect(answer.status).toBe(status);
      if (status === 200) expect(answer.body.identityTokenAuth.accessTokenTTL).toBe(77);
    });

    it('lends its leniency to no JSON body', async () => {
      const id = await withTokenAuth();
      const body = { accessTokenTTL: '60' };
      expect((await send('PATCH', `${TOKEN_AUTH}/identities/${id}`, { body })).status).toBe(422);
    });
  });

  describe('a path', () => {
    it('may end in a slash, without a redirect', async () => {
      const id = await withTokenAuth();
      expect((await send('GET', `${TOKEN_AUTH}/identities/${id}/`)).status).toBe(200);
      expect((await send('POST', `${TOKEN_AUTH}/identities/${id}/tokens/`)).status).toBe(200);
    });

    it('is read with a JSON content type on a GET', async () => {
      expect((await send('GET', `${IDENTITIES}/details`, { headers: JSON_TYPE })).status).toBe(200);
    });

    it.each(['none', '%00', '%ED%95%9C', '../x'.replace('/', '%2F'), `${UNKNOWN}x`, UNKNOWN, `{${UNKNOWN}}`, "'--"])(
      'with the id %s is 404 on every route',
      async (id) => {
        const { id: identityId } = await app.given.identity();
        const answers = await Promise.all([
          send('GET', `${IDENTITIES}/${id}`),
          send('GET', `${TOKEN_AUTH}/identities/${id}`),
          send('POST', `${TOKEN_AUTH}/identities/${id}`, { body: {} }),
          send('PATCH', `${TOKEN_AUTH}/identities/${id}`, { body: {} }),
          send('DELETE', `${TOKEN_AUTH}/identities/${id}`),
          send('POST', `${TOKEN_AUTH}/identities/${id}/tokens`),
          send('GET', `${TOKEN_AUTH}/identities/${id}/tokens`),
          send('GET', `${TOKEN_AUTH}/identities/${identityId}/tokens/${id}`),
          send('GET', `${TOKEN_AUTH}/tokens/${id}`),
          send('PATCH', `${TOKEN_AUTH}/tokens/${id}`, { body: { name: 'a' } }),
          send('POST', `${TOKEN_AUTH}/tokens/${id}/revoke`),
        ]);
        expect(answers.map(({ status, body }) => [status, body.error])).toEqual(answers.map(() => [404, 'NotFound']));
      },
    );
  });

  describe('text', () => {
    it.each(['a\0b', '\uD800', 'a\uDC00b'])('that can not be stored is 422: %j', async (name) => {
      expect(await createIdentity({ name })).toMatchObject({ status: 422, body: { message: [{ path: ['name'] }] } });
      const metadata = [{ key: 'k', value: name }];
      expect((await createIdentity({ metadata })).status).toBe(422);
      expect((await createIdentity({ metadata: [{ key: name, value: 'v' }] })).status).toBe(422);
      const id = await withTokenAuth();
      expect((await send('POST', `${TOKEN_AUTH}/identities/${id}/tokens`, { body: { name } })).status).toBe(422);
      const accessToken = { accessToken: name };
      expect((await send('POST', '/api/v1/auth/token/renew', { body: accessToken })).status).toBe(422);
    });

    it.each(['', ' spaced ', '한글', '👩‍👩‍👧', '"\\\u001f'])('comes back exactly as sent: %j', async (name) => {
      expect(await createIdentity({ name })).toMatchObject({ status: 200, body: { identity: { name } } });
    });

    it('has at most 255 characters as a name', async () => {
      expect((await createIdentity({ name: 'n'.repeat(255) })).status).toBe(200);
      expect((await createIdentity({ name: 'n'.repeat(256) })).status).toBe(422);
    });

    it.each([
      { key: 255, value: 1024, status: 200 },
      { key: 256, value: 1024, status: 422 },
      { key: 255, value: 1025, status: 422 },
    ])('has at most 255 and 1,024 characters as metadata: $key and $value answer $status', async (row) => {
      const metadata = [{ key: 'k'.repeat(row.key), value: 'v'.repeat(row.value) }];
      expect((await createIdentity({ metadata })).status).toBe(row.status);
    });

    it('comes in at most 64 pairs of metadata', async () => {
      const pairs = (count: number) => Array.from({ length: count }, (_, at) => ({ key: `k${at}`, value: 'v' }));
      expect((await createIdentity({ metadata: pairs(64) })).status).toBe(200);
      expect((await createIdentity({ metadata: pairs(65) })).status).toBe(422);
    });
  });

  describe('JSON', () => {
    const nested = (depth: number): string => `{"deep":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;

    it('may be 16 deep', async () => {
      const id = await withTokenAuth();
      const path = `${TOKEN_AUTH}/identities/${id}`;
      expect((await send('PATCH', path, { body: nested(16) })).status).toBe(200);
      expect(await send('PATCH', path, { body: nested(17) })).toMatchObject({
        status: 400,
        body: { error: 'BadRequest' },
      });
    });

    it('has no depth in its texts', async () => {
      const id = await withTokenAuth();
      const body = { name: `"${'[{'.repeat(40)}\\` };
      expect((await send('POST', `${TOKEN_AUTH}/identities/${id}/tokens`, { body })).status).toBe(200);
    });

    it.each([
      '{"__proto__":{"name":"a"}}',
      '{"constructor":{"prototype":{"name":"a"}}}',
      '{"a":[{"__proto__":null}]}',
      String.raw`{"\u005f_proto__":{"name":"a"}}`,
      String.raw`{"con\u0073tructor":{"prototype":{"name":"a"}}}`,
    ])('that would poison a prototype is 400: %s', async (body) => {
      const id = await withTokenAuth();
      const answer = await send('PATCH', `${TOKEN_AUTH}/identities/${id}`, { body });
      expect(answer).toMatchObject({ status: 400, body: { error: 'BadRequest' } });
    });

    it('counts the last of duplicate keys', async () => {
      const id = await withTokenAuth();
      const body = '{"accessTokenTTL":"x","accessTokenTTL":5}';
      const answer = await send('PATCH', `${TOKEN_AUTH}/identities/${id}`, { body });
      expect(answer).toMatchObject({ status: 200, body: { identityTokenAuth: { accessTokenTTL: 5 } } });
    });

    it.each(['1e400', '-1e400', '9007199254740993', '1e308', '0.5', '-1', '315360001', 'null', '"1"', '[1]', '{}'])(
      'with the number %s is 422',
      async (number) => {
        const id = await withTokenAuth();
        for (const name of ['accessTokenTTL', 'accessTokenMaxTTL', 'accessTokenNumUsesLimit']) {
          const body = `{"${name}":${number}}`;
          const isFine = name === 'accessTokenNumUsesLimit' && number === '315360001';
          const answer = await send('PATCH', `${TOKEN_AUTH}/identities/${id}`, { body });
          expect([name, answer.status]).toEqual([name, isFine ? 200 : 422]);
        }
      },
    );
  });

  describe('every answer', () => {
    it.each([
      ['GET', '/api/status'],
      ['GET', `${IDENTITIES}/details`],
      ['GET', '/nowhere'],
      ['POST', '/api/v1/auth/token/renew'],
    ])('to %s %s is JSON, kept by nobody and taken for nothing else', async (method, path) => {
      const { headers } = await send(method, path);
      expect(headers.get('content-type')).toMatch(/^application\/json/);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    });
  });

  describe('another method', () => {
    it.each(['OPTIONS', 'PUT', 'PROPFIND', 'TRACE', 'SEARCH'])('%s is no route', async (method) => {
      const text = rawRequest(`${method} ${IDENTITIES}/details`, { authorization: `Bearer ${token}` });
      const answer = await sendRaw(app.origin, text);
      expect({ status: answer.status, body: JSON.parse(answer.text) as object }).toMatchObject({
        status: 404,
        body: { statusCode: 404, error: 'NotFound' },
      });
    });

    it('HEAD is no route and has no body', async () => {
      const answer = await sendRaw(app.origin, rawRequest('HEAD /api/status'));
      expect(answer).toMatchObject({ status: 404, text: '' });
    });
  });
});
