import { refusal, tally, told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi, UNKNOWN_ID } from '../support/token-auth-api.js';
import { waitsForLock } from '../support/waiting.js';

describe('POST /api/v1/auth/token-auth/tokens/{tokenId}/revoke', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());

  const entriesOf = (tokenId: string): Promise<object[]> =>
    app.db.query('SELECT effect, scope, keep_until AS "keepUntil" FROM revocation WHERE key = $1', [tokenId]);

  describe('200', () => {
    it('ends the token at once, on every replica, and keeps its record', async () => {
      const { token, tokenId } = await app.given.identity();
      const replica = await TestApp.start({ beside: app });
      expect(told(await api.revoke(tokenId))).toEqual({
        status: 200,
        body: { message: 'Successfully revoked access token' },
      });
      expect([await api.use(token), await new TokenAuthApi(replica).use(token)]).toEqual([401, 401]);
      expect((await api.read(tokenId)).body.token).toMatchObject({ isAccessTokenRevoked: true });
      await replica.stop();
    });

    it('leaves the other tokens of the identity alone', async () => {
      const { id, tokenId } = await app.given.identity();
      const { accessToken } = await app.given.mint(id);
      await api.revoke(tokenId);
      expect(await api.use(accessToken)).toBe(200);
    });

    it('is answered a second time and changes nothing then', async () => {
      const { id, tokenId } = await app.given.identity();
      await api.revoke(tokenId);
      const before = (await api.read(tokenId)).body;
      app.clock.advance(5);
      expect((await api.revoke(tokenId)).status).toBe(200);
      expect((await api.read(tokenId)).body).toEqual(before);
      expect(await entriesOf(tokenId)).toHaveLength(1);
      expect(await api.events('revoke-token-identity-token-auth', id)).toHaveLength(1);
    });

    it('revokes once of 20 at once', async () => {
      const { id, tokenId } = await app.given.identity();
      const answers = await Promise.all(Array.from({ length: 20 }, () => api.revoke(tokenId)));
      expect(tally(answers)).toEqual({ 200: 20 });
      expect(await entriesOf(tokenId)).toHaveLength(1);
      expect(await api.events('revoke-token-identity-token-auth', id)).toHaveLength(1);
    });

    it('revokes once of two that find the token alive at the same time', async () => {
      const { id, tokenId } = await app.given.identity();
      const holder = app.db.createQueryRunner();
      await holder.startTransaction();
      await holder.query('SELECT id FROM access_token WHERE id = $1 FOR UPDATE', [tokenId]);
      const revocations = Promise.all([api.revoke(tokenId), api.revoke(tokenId)]);
      await waitsForLock(app.db, '', 2);
      await holder.commitTransaction();
      await holder.release();
      expect(tally(await revocations)).toEqual({ 200: 2 });
      expect(await entriesOf(tokenId)).toHaveLength(1);
      expect(await api.events('revoke-token-identity-token-auth', id)).toHaveLength(1);
    });

    it('keeps the entry of the revocation log five minutes longer than the token could live', async () => {
      const { tokenId } = await app.given.identity({ config: { accessTokenTTL: 600 } });
      const end = Math.floor(app.clock.now().getTime() / 1000) * 1000 + 600_000;
      await api.revoke(tokenId);
      expect(await entriesOf(tokenId)).toEqual([
        { effect: 'revoked', scope: 'token', keepUntil: new Date(end + 300_000) },
      ]);
    });

    it('is noted under the one spelling of the id, whatever the caller wrote', async () => {
      const { token, tokenId } = await app.given.identity({ role: 'admin' });
      expect((await api.revoke(tokenId.toUpperCase(), token)).status).toBe(200);
      expect(await entriesOf(tokenId)).toHaveLength(1);
    });

    it('has no boundary: killing is the safe side', async () => {
      const caller = await app.given.identity();
      await app.given.customRole(caller.id, [{ subject: 'identity', action: ['delete-token'] }]);
      const { token, tokenId } = await app.given.identity({ role: 'admin' });
      expect((await api.revoke(tokenId, caller.token)).status).toBe(200);
      expect(await api.use(token)).toBe(401);
    });

    it('lets a caller revoke its own token', async () => {
      const { token, tokenId } = await app.given.identity({ role: 'admin' });
      expect((await api.revoke(tokenId, token)).status).toBe(200);
      expect((await api.revoke(tokenId, token)).status).toBe(401);
    });

    it('writes who revoked it', async () => {
      const { identityId: actor } = await app.given.root();
      const { id, tokenId } = await app.given.identity();
      await api.revoke(tokenId);
      expect(await api.events('revoke-token-identity-token-auth', id)).toEqual([
        { outcome: 'success', actor, token: tokenId },
      ]);
    });
  });

  describe('403', () => {
    it('wants delete-token, and notes who had not', async () => {
      const caller = await app.given.identity({ role: 'member' });
      const { token, tokenId } = await app.given.identity();
      expect((await api.revoke(tokenId, caller.token)).body).toMatchObject({ error: 'PermissionDenied' });
      expect(await api.use(token)).toBe(200);
      const rows: object[] = await app.db.query(
        `SELECT event, outcome FROM audit_event WHERE token_id = $1 AND actor_identity_id = $2`,
        [tokenId, caller.id],
      );
      expect(rows).toEqual([{ event: 'revoke-token-identity-token-auth', outcome: 'refused' }]);
    });
  });

  describe('404', () => {
    it.each([UNKNOWN_ID, 'no-uuid'])('knows no token %s', async (tokenId) => {
      const { token } = await app.given.identity();
      expect(told(await api.revoke(tokenId, token))).toEqual(refusal(404, 'NotFound', 'Access token not found'));
    });
  });
});
