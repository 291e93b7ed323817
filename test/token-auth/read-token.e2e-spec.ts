import { refusal, told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi, UNKNOWN_ID } from '../support/token-auth-api.js';

describe('reading a token record', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());

  const spellings: {
    path: string;
    read: (id: string, tokenId: string, token?: string) => ReturnType<TestApp['http']['get']>;
  }[] = [
    { path: 'GET /api/v1/auth/token-auth/tokens/{tokenId}', read: (_, tokenId, token) => api.read(tokenId, token) },
    {
      path: 'GET /api/v1/auth/token-auth/identities/{identityId}/tokens/{tokenId}',
      read: (id, tokenId, token) => api.readOf(id, tokenId, token),
    },
  ];

  describe.each(spellings)('$path', ({ read }) => {
    describe('200', () => {
      it('reads what the mint answered', async () => {
        const { id } = await app.given.identity();
        const { tokenData } = await app.given.mint(id, { name: 'deploy' });
        expect(told(await read(id, tokenData.id))).toEqual({ status: 200, body: { token: tokenData } });
      });

      it('takes an id in capitals for the same id', async () => {
        const { id, tokenId } = await app.given.identity();
        expect((await read(id.toUpperCase(), tokenId.toUpperCase())).body.token.id).toBe(tokenId);
      });

      it('gives everybody the record that they asked for, however many ask at the same time', async () => {
        const { id } = await app.given.identity();
        const minted = await Promise.all(
          Array.from({ length: 40 }, (_, index) => app.given.mint(id, { name: `n${index}` })),
        );
        const asked = minted.flatMap(({ tokenData }) => [tokenData.id, UNKNOWN_ID]);
        const answers = await Promise.all(asked.map(async (tokenId) => read(id, tokenId)));
        expect(answers.map(({ status, body }) => (status === 200 ? body.token.name : status))).toEqual(
          minted.flatMap((_, index) => [`n${index}`, 404]),
        );
      });

      it('is not to be kept by anybody on the way', async () => {
        const { id, tokenId } = await app.given.identity();
        expect((await read(id, tokenId)).headers.get('cache-control')).toBe('no-store');
      });
    });

    describe('403', () => {
      it('wants get-token', async () => {
        const { token } = await app.given.identity();
        const { id, tokenId } = await app.given.identity();
        expect((await read(id, tokenId, token)).body).toMatchObject({ error: 'PermissionDenied' });
      });
    });

    describe('404', () => {
      it.each([UNKNOWN_ID, 'no-uuid', '%00'])('knows no token %s', async (tokenId) => {
        const { id } = await app.given.identity();
        expect((await read(id, tokenId)).status).toBe(404);
      });
    });
  });

  it('wants identity and token to belong together in the older spelling', async () => {
    const { tokenId } = await app.given.identity();
    for (const id of [(await app.given.identity()).id, UNKNOWN_ID, 'no-uuid']) {
      expect(told(await api.readOf(id, tokenId))).toEqual(refusal(404, 'NotFound', 'Access token not found'));
    }
  });
});
