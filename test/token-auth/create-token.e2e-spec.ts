import { TestApp } from '../support/test-app.js';

describe('POST /api/v1/auth/token-auth/identities/{identityId}/tokens', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const createToken = (identityId: string, token: string, body?: unknown) =>
    app.http.post(`/api/v1/auth/token-auth/identities/${identityId}/tokens`, { token, body });

  describe('200', () => {
    it('answers a token with its record', async () => {
      const root = await app.given.root();
      const { id } = await app.given.identity();
      const { status, body } = await createToken(id, root.token, { name: 'deploy' });
      expect(status).toBe(200);
      expect(body).toEqual({
        accessToken: expect.any(String),
        expiresIn: 2_592_000,
        accessTokenMaxTTL: 2_592_000,
        tokenType: 'Bearer',
        tokenData: {
          id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
          identityId: id,
          name: 'deploy',
          accessTokenTTL: 2_592_000,
          accessTokenMaxTTL: 2_592_000,
          accessTokenNumUses: 0,
          accessTokenNumUsesLimit: 0,
          accessTokenPeriod: 0,
          accessTokenLastUsedAt: null,
          accessTokenLastRenewedAt: null,
          isAccessTokenRevoked: false,
          identityUAClientSecretId: null,
          authMethod: 'token-auth',
          subOrganizationId: null,
          createdAt: '2026-01-01T12:00:00.000Z',
          updatedAt: '2026-01-01T12:00:00.000Z',
        },
      });
    });
  });
});
