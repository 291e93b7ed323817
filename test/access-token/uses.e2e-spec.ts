import { TestApp } from '../support/test-app.js';

describe('the uses of a token', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const use = (token: string, headers?: Record<string, string>) =>
    app.http.get('/api/v1/identities/details', { token, headers });
  const usesOf = async (tokenId: string) =>
    (await app.http.get(`/api/v1/auth/token-auth/tokens/${tokenId}`, { token: (await app.given.root()).token })).body
      .token;

  it('are exact with 100 requests at once', async () => {
    const { token, tokenId } = await app.given.identity({ config: { accessTokenNumUsesLimit: 7 } });
    const answers = await Promise.all(Array.from({ length: 100 }, () => use(token)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(7);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(93);
    expect(await usesOf(tokenId)).toMatchObject({
      accessTokenNumUses: 7,
      accessTokenNumUsesLimit: 7,
      accessTokenLastUsedAt: expect.any(String),
    });
  });

  it('are not spent by a refused address, and are by a refused shape', async () => {
    const { id, token, tokenId } = await app.given.identity({
      role: 'admin',
      config: { accessTokenNumUsesLimit: 3, accessTokenTrustedIps: [{ ipAddress: '10.0.0.1' }] },
    });
    expect((await use(token)).status).toBe(403);
    expect((await usesOf(tokenId)).accessTokenNumUses).toBe(0);
    await app.http.patch(`/api/v1/auth/token-auth/identities/${id}`, {
      token: (await app.given.root()).token,
      body: { accessTokenTrustedIps: [{ ipAddress: '::/0' }, { ipAddress: '0.0.0.0/0' }] },
    });
    expect((await app.http.post('/api/v1/identities', { token, body: {} })).status).toBe(422);
    expect((await usesOf(tokenId)).accessTokenNumUses).toBe(1);
  });
});
