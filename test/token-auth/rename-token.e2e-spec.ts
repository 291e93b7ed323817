import { failedKeys, refusal, told } from '../support/answers.js';
import { auditedDetails, countLogRows, isChain } from '../support/audited-changes.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi, UNKNOWN_ID } from '../support/token-auth-api.js';

const RENAMED = 'update-token-identity-token-auth';

interface Renamed {
  changes: { name: { from: string | null; to: string } };
}

describe('PATCH /api/v1/auth/token-auth/tokens/{tokenId}', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());

  describe('200', () => {
    it.each(['new', '', ' kept as sent ', 'a'.repeat(255)])('gives the name %j', async (name) => {
      const { tokenId } = await app.given.identity();
      const before = (await api.read(tokenId)).body.token;
      app.clock.advance(5);
      const { status, body } = await api.rename(tokenId, { name });
      expect(status).toBe(200);
      expect(body.token).toEqual({ ...before, name, updatedAt: app.clock.now().toISOString() });
      expect((await api.read(tokenId)).body).toEqual(body);
    });

    it.each([{}, { name: 'kept' }])('returns the token as it is for %j, and writes no log row', async (body) => {
      const { id } = await app.given.identity();
      const { tokenData } = await app.given.mint(id, { name: 'kept' });
      app.clock.advance(5);
      const before = await countLogRows(app);
      expect(told(await api.rename(tokenData.id, body))).toEqual({ status: 200, body: { token: tokenData } });
      expect(await countLogRows(app)).toEqual(before);
    });

    it('records the old and the new name in the audit log', async () => {
      const { tokenId } = await app.given.identity();
      await api.rename(tokenId, { name: 'first' });
      await api.rename(tokenId, { name: 'second' });
      expect(await auditedDetails(app, RENAMED, `token=${tokenId}`)).toEqual([
        { changes: { name: { from: 'first', to: 'second' } } },
        { changes: { name: { from: null, to: 'first' } } },
      ]);
    });

    it('writes one audit row when many requests give the same name at once', async () => {
      const { tokenId } = await app.given.identity();
      const answers = await Promise.all(Array.from({ length: 20 }, () => api.rename(tokenId, { name: 'same' })));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      expect(await auditedDetails(app, RENAMED, `token=${tokenId}`)).toHaveLength(1);
    });

    it('records the name that each of many concurrent requests replaced', async () => {
      const { tokenId } = await app.given.identity();
      await Promise.all(Array.from({ length: 20 }, (_, index) => api.rename(tokenId, { name: `name ${index}` })));
      const details = (await auditedDetails(app, RENAMED, `token=${tokenId}`)) as Renamed[];
      const { name } = (await api.read(tokenId)).body.token;
      expect(details).toHaveLength(20);
      expect(
        isChain(
          details.map(({ changes }) => changes.name),
          null,
          name,
        ),
      ).toBe(true);
    });

    it('renames a revoked token, which stays revoked', async () => {
      const { tokenId } = await app.given.identity();
      await api.revoke(tokenId);
      expect((await api.rename(tokenId, { name: 'x' })).body.token).toMatchObject({
        name: 'x',
        isAccessTokenRevoked: true,
      });
    });

    it('lets a caller rename its own token', async () => {
      const { token, tokenId } = await app.given.identity({ role: 'admin' });
      expect((await api.rename(tokenId, { name: 'mine' }, token)).status).toBe(200);
    });

    it('writes who renamed it', async () => {
      const { identityId: actor } = await app.given.root();
      const { id, tokenId } = await app.given.identity();
      await api.rename(tokenId, { name: 'x' });
      expect(await api.events('update-token-identity-token-auth', id)).toEqual([
        { outcome: 'success', actor, token: tokenId },
      ]);
    });
  });

  describe('403', () => {
    it('wants create-token', async () => {
      const { token } = await app.given.identity({ role: 'member' });
      const { tokenId } = await app.given.identity();
      expect((await api.rename(tokenId, { name: 'x' }, token)).body).toMatchObject({ error: 'PermissionDenied' });
    });
  });

  describe('404', () => {
    it.each([UNKNOWN_ID, 'no-uuid'])('knows no token %s', async (tokenId) => {
      const { token } = await app.given.identity();
      expect(told(await api.rename(tokenId, {}, token))).toEqual(refusal(404, 'NotFound', 'Access token not found'));
    });
  });

  describe('422', () => {
    it.each([{ name: 'a'.repeat(256) }, { name: null }, { name: 5 }, { name: '\0' }])('refuses %j', async (body) => {
      const { tokenId } = await app.given.identity();
      expect(failedKeys(await api.rename(tokenId, body))).toEqual(['name']);
    });
  });
});
