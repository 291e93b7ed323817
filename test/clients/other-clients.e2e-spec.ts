import { decodeJwt } from '../support/jwt.js';
import { TestApp } from '../support/test-app.js';

/** What the Go, Python and Java SDKs, the CLI and the Kubernetes operator send, and what they need back. */
describe('other clients', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const RENEW = '/api/v1/auth/token/renew';
  const REVOKE = '/api/v1/auth/token/revoke';

  describe('the Go SDK and the CLI', () => {
    it('renew without an Authorization header, and get a lifetime that they can wait for', async () => {
      const { token: accessToken } = await app.given.identity({ config: { accessTokenTTL: 600 } });
      const { status, body } = await app.http.post(RENEW, { body: { accessToken }, headers: { 'user-agent': 'cli' } });
      expect({ status, body }).toEqual({
        status: 200,
        body: { accessToken: expect.any(String), expiresIn: 600, accessTokenMaxTTL: 2_592_000, tokenType: 'Bearer' },
      });
    });

    it('tell the login status by the claims and the own details', async () => {
      const { token } = await app.given.identity();
      expect(decodeJwt(token)).toMatchObject({ authTokenType: 'identityAccessToken', iat: expect.any(Number) });
      expect(token.startsWith('st.')).toBe(false);
      expect((await app.http.get('/api/v1/identities/details', { token })).status).toBe(200);
    });

    it('revoke with the Authorization header too', async () => {
      const { token: accessToken } = await app.given.identity();
      const revoke = () => app.http.post(REVOKE, { token: accessToken, body: { accessToken } });
      expect(await revoke()).toMatchObject({ status: 200, body: { message: expect.any(String) } });
    });
  });

  describe('the Python clients', () => {
    it('mint with a JSON content type and no bytes', async () => {
      const { token } = await app.given.root();
      const { id } = await app.given.identity();
      const headers = { 'content-type': 'application/json' };
      const { status, body } = await app.http.post(`/api/v1/auth/token-auth/identities/${id}/tokens`, {
        token,
        headers,
      });
      expect({ status, tokenType: body.tokenType }).toEqual({ status: 200, tokenType: 'Bearer' });
    });

    it('revoke a token with neither body nor content type', async () => {
      const { token } = await app.given.root();
      const { tokenId } = await app.given.identity();
      expect(await app.http.post(`/api/v1/auth/token-auth/tokens/${tokenId}/revoke`, { token })).toMatchObject({
        status: 200,
        body: { message: expect.any(String) },
      });
    });

    it('detach with a bare DELETE and get a body', async () => {
      const { token } = await app.given.root();
      const { id } = await app.given.identity();
      expect(await app.http.delete(`/api/v1/auth/token-auth/identities/${id}`, { token })).toMatchObject({
        status: 200,
        body: { identityTokenAuth: { identityId: id } },
      });
    });

    it('send a JSON content type with GET', async () => {
      const { token } = await app.given.root();
      const headers = { 'content-type': 'application/json' };
      expect((await app.http.get('/api/v1/identities/details', { token, headers })).status).toBe(200);
    });

    it('ask for the organizations of a token', async () => {
      const { token, organizationId, slug } = await app.given.root();
      const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect((await app.http.get('/api/v1/organization', { token })).body).toEqual({
        organizations: [{ id: organizationId, name: 'Acme', slug, createdAt: time, updatedAt: time }],
      });
    });
  });

  describe('the Java SDK', () => {
    it('revokes twice, and the second time fails', async () => {
      const { token: accessToken } = await app.given.identity();
      const revoke = async () => (await app.http.post(REVOKE, { token: accessToken, body: { accessToken } })).status;
      expect([await revoke(), await revoke()]).toEqual([200, 401]);
    });
  });

  describe('the Kubernetes operator', () => {
    it('asks whether the service is there', async () => {
      expect(await app.http.get('/api/status')).toMatchObject({
        status: 200,
        body: { message: 'Ok', date: expect.any(String) },
      });
    });
  });

  describe('the CLI end-to-end client', () => {
    it('parses ids as UUIDs, and numbers as integers', async () => {
      const { token } = await app.given.root();
      const { id, tokenId } = await app.given.identity();
      const config = (await app.http.get(`/api/v1/auth/token-auth/identities/${id}`, { token })).body.identityTokenAuth;
      const record = (await app.http.get(`/api/v1/auth/token-auth/tokens/${tokenId}`, { token })).body.token;
      const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
      for (const text of [config.id, config.identityId, record.identityId]) expect(text).toMatch(uuid);
      const numbers = [config, record].flatMap((body: object) =>
        Object.values(body).filter((v) => typeof v === 'number'),
      );
      expect(numbers).toHaveLength(9);
      expect(numbers.filter((number) => !Number.isSafeInteger(number))).toEqual([]);
    });

    it('sends an empty object where it has nothing to say', async () => {
      const { token } = await app.given.root();
      const { id } = await app.given.identity();
      const mint = `/api/v1/auth/token-auth/identities/${id}/tokens`;
      expect((await app.http.post(mint, { token, body: {} })).status).toBe(200);
    });
  });

  it.each(['/api/v1/workspace', '/api/v1/projects', '/api/v3/secrets/raw'])(
    'is told in JSON that %s is not here',
    async (path) => {
      const { token } = await app.given.root();
      expect(await app.http.get(path, { token })).toMatchObject({
        status: 404,
        body: { error: 'NotFound', message: expect.any(String) },
      });
    },
  );
});
