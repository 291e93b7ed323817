import { refusal, told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi, UNKNOWN_ID } from '../support/token-auth-api.js';

describe('GET /api/v1/auth/token-auth/identities/{identityId}', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());

  describe('200', () => {
    it('reads what was attached', async () => {
      const id = await app.given.bareIdentity();
      const { body } = await api.attach(id, { accessTokenTTL: 60, accessTokenTrustedIps: [{ ipAddress: '10.0.0.1' }] });
      expect(told(await api.config(id))).toEqual({ status: 200, body });
    });

    it('is for every organization in which the identity is a member', async () => {
      const { identityId } = await app.given.root();
      const { id } = await app.given.identity();
      const sub = await app.given.subOrganization({ [identityId]: 'admin', [id]: 'no-access' });
      const { accessToken } = await app.given.mint(identityId, { organizationSlug: sub.slug });
      expect((await api.config(id, accessToken)).body).toEqual((await api.config(id)).body);
    });
  });

  describe('403', () => {
    it('wants the permission to read identities, before it tells whether Token Auth is attached', async () => {
      const { token } = await app.given.identity();
      const bare = await app.given.bareIdentity();
      for (const id of [bare, (await app.given.identity()).id]) {
        expect((await api.config(id, token)).body).toMatchObject({ error: 'PermissionDenied', details: [] });
      }
    });
  });

  describe('404', () => {
    it('says that nothing is attached', async () => {
      const id = await app.given.bareIdentity();
      expect(told(await api.config(id))).toEqual(
        refusal(404, 'NotFound', 'Token Auth is not attached to this identity'),
      );
    });

    it.each([UNKNOWN_ID, 'no-uuid'])('knows no identity %s', async (id) => {
      const { token } = await app.given.identity();
      expect(told(await api.config(id, token))).toEqual(refusal(404, 'NotFound', 'Identity not found'));
    });
  });
});
