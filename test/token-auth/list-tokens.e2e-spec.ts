import { failedKeys, refusal, told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi, UNKNOWN_ID } from '../support/token-auth-api.js';

describe('GET /api/v1/auth/token-auth/identities/{identityId}/tokens', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());

  const idsOf = async (id: string, query = '', token?: string) =>
    ((await api.list(id, query, token)).body.tokens as { id: string }[]).map((record) => record.id);

  /** An identity with so many tokens, of which some share their millisecond; their ids, newest first. */
  const givenTokens = async (count: number) => {
    const id = await app.given.bareIdentity();
    await app.given.attach(id);
    const ids: string[] = [];
    for (let made = 0; made < count; made += 1) {
      if (made % 2 === 0) app.clock.advance(1);
      ids.unshift((await app.given.mint(id)).tokenData.id);
    }
    return { id, ids };
  };

  describe('200', () => {
    it('lists newest first, and by id where the time is the same', async () => {
      const { id, ids } = await givenTokens(6);
      expect(await idsOf(id)).toEqual(ids);
    });

    it('lists 20 unless told otherwise, and pages until a short page', async () => {
      const { id, ids } = await givenTokens(25);
      expect(await idsOf(id)).toEqual(ids.slice(0, 20));
      expect(await idsOf(id, '?limit=10&offset=0')).toEqual(ids.slice(0, 10));
      expect(await idsOf(id, '?limit=10&offset=20')).toEqual(ids.slice(20));
      expect(await idsOf(id, '?limit=100')).toEqual(ids);
      expect(await idsOf(id, '?offset=100000')).toEqual([]);
    });

    it('gives each record as the read by id does', async () => {
      const { id, tokenId } = await app.given.identity();
      expect((await api.list(id)).body).toEqual({ tokens: [(await api.read(tokenId)).body.token] });
    });

    it('keeps revoked and expired tokens', async () => {
      const { id, tokenId } = await app.given.identity({ config: { accessTokenTTL: 5 } });
      await api.revoke(tokenId);
      const { tokenData } = await app.given.mint(id);
      app.clock.advance(10);
      expect((await api.list(id)).body.tokens).toMatchObject([
        { id: tokenData.id, isAccessTokenRevoked: false },
        { id: tokenId, isAccessTokenRevoked: true },
      ]);
    });

    it('is empty where Token Auth is not attached', async () => {
      expect(told(await api.list(await app.given.bareIdentity()))).toEqual({ status: 200, body: { tokens: [] } });
    });
  });

  describe('403', () => {
    it('wants get-token', async () => {
      const { token } = await app.given.identity();
      const { id } = await app.given.identity();
      expect((await api.list(id, '', token)).body).toMatchObject({ error: 'PermissionDenied' });
    });
  });

  describe('404', () => {
    it.each([UNKNOWN_ID, 'no-uuid'])('knows no identity %s', async (id) => {
      const { token } = await app.given.identity();
      expect(told(await api.list(id, '', token))).toEqual(refusal(404, 'NotFound', 'Identity not found'));
    });
  });

  describe('422', () => {
    it.each([
      'limit=0',
      'limit=101',
      'limit=x',
      'limit=1.5',
      'limit=',
      'offset=-1',
      'offset=100001',
      'limit=1&limit=2',
    ])('refuses ?%s', async (query) => {
      const { id } = await app.given.identity();
      const answer = await api.list(id, `?${query}`);
      expect({ status: answer.status, keys: failedKeys(answer) }).toEqual({
        status: 422,
        keys: [query.split('=')[0]],
      });
    });
  });
});
