import { beforeUseIsAnswered } from '../support/spent-use.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

describe('the uses of a token', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());
  afterEach(() => jest.restoreAllMocks());

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

  describe('while the last one is being spent', () => {
    const givenLast = () => app.given.identity({ config: { accessTokenNumUsesLimit: 1 } });

    it('let the request in that spent it, though a role of the organization changes meanwhile', async () => {
      const { token: admin } = await app.given.root();
      const roleId = await app.given.customRole((await app.given.identity()).id, []);
      const { token } = await givenLast();
      const change = beforeUseIsAnswered(app, () =>
        app.http.patch(`/api/v1/organization/roles/${roleId}`, { token: admin, body: { permissions: [] } }),
      );
      expect((await use(token)).status).toBe(200);
      expect(await change.mock.results[0]?.value).toMatchObject({ status: 200 });
      expect((await use(token)).status).toBe(401);
    });

    it.each([
      {
        what: 'its address is no longer allowed',
        act: (id: string) => api.update(id, { accessTokenTrustedIps: [{ ipAddress: '192.0.2.1' }] }),
        status: 403,
        reason: 'address-not-allowed',
      },
      {
        what: 'it is revoked',
        act: (_id: string, tokenId: string) => api.revoke(tokenId),
        status: 401,
        reason: 'revoked',
      },
    ])('let in nobody if $what meanwhile', async ({ act, status, reason }) => {
      const { id, token, tokenId } = await givenLast();
      const change = beforeUseIsAnswered(app, () => act(id, tokenId));
      const answer = await use(token);
      expect(await change.mock.results[0]?.value).toMatchObject({ status: 200 });
      expect([answer.status, app.logOf(answer)?.reason]).toEqual([status, reason]);
    });
  });
});
