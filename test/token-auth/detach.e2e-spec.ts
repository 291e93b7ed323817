import { refusal, told } from '../support/answers.js';
import { auditedDetails } from '../support/audited-changes.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi, UNKNOWN_ID } from '../support/token-auth-api.js';

describe('DELETE /api/v1/auth/token-auth/identities/{identityId}', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());

  describe('200', () => {
    it('answers what was attached, which is then gone', async () => {
      const { id } = await app.given.identity({ config: { accessTokenTTL: 77 } });
      const before = (await api.config(id)).body;
      expect(told(await api.detach(id))).toEqual({ status: 200, body: before });
      expect((await api.config(id)).status).toBe(404);
    });

    it('ends every token at once, on every replica, and keeps their records', async () => {
      const { id, token } = await app.given.identity();
      const { accessToken } = await app.given.mint(id);
      const replica = await TestApp.start({ beside: app });
      await api.detach(id);
      const there = new TokenAuthApi(replica);
      for (const text of [token, accessToken]) expect([await api.use(text), await there.use(text)]).toEqual([401, 401]);
      const { tokens } = (await api.list(id)).body as { tokens: { isAccessTokenRevoked: boolean }[] };
      expect(tokens.map(({ isAccessTokenRevoked }) => isAccessTokenRevoked)).toEqual([true, true]);
      await replica.stop();
    });

    it('leaves old tokens dead after a new attachment, and lets one of the same millisecond live', async () => {
      const { id, token } = await app.given.identity();
      await api.detach(id);
      await api.attach(id);
      const { accessToken } = await app.given.mint(id);
      expect(await api.use(token)).toBe(401);
      expect(await api.use(accessToken)).toBe(200);
    });

    it('is the same for an id in capitals', async () => {
      const { id, token, tokenId } = await app.given.identity();
      expect((await api.detach(id.toUpperCase())).status).toBe(200);
      await api.attach(id.toUpperCase());
      expect(await api.use(token)).toBe(401);
      expect((await api.read(tokenId)).body.token).toMatchObject({ isAccessTokenRevoked: true });
    });

    it('ends the tokens that work in sub-organizations too', async () => {
      const { identityId } = await app.given.root();
      const { id } = await app.given.identity();
      const sub = await app.given.subOrganization({ [identityId]: 'admin', [id]: 'no-access' });
      const { accessToken } = await app.given.mint(id, { organizationSlug: sub.slug });
      expect(await api.use(accessToken)).toBe(200);
      await api.detach(id);
      expect(await api.use(accessToken)).toBe(401);
    });

    it('takes one entry of the revocation log and raises the epoch, however many tokens there are', async () => {
      const { id } = await app.given.identity();
      await Promise.all(Array.from({ length: 5 }, () => app.given.mint(id)));
      await api.detach(id);
      const entries: { sequence: string }[] = await app.db.query(
        `SELECT sequence, effect, scope FROM revocation WHERE key = $1`,
        [`${id}:token-auth`],
      );
      expect(entries).toEqual([{ sequence: expect.any(String), effect: 'revoked', scope: 'identity-method' }]);
      const epochs: object[] = await app.db.query('SELECT scope, sequence FROM epoch WHERE key = $1', [
        `${id}:token-auth`,
      ]);
      expect(epochs).toEqual([{ scope: 'identity-method', sequence: entries[0]?.sequence }]);
    });

    it('records in the audit log the configuration that was there', async () => {
      const { id } = await app.given.identity({ config: { accessTokenTrustedIps: [{ ipAddress: '127.0.0.0/8' }] } });
      await api.detach(id);
      expect(await auditedDetails(app, 'revoke-identity-token-auth', `identity=${id}`)).toEqual([
        {
          changes: {
            accessTokenTTL: { from: 2_592_000 },
            accessTokenMaxTTL: { from: 2_592_000 },
            accessTokenNumUsesLimit: { from: 0 },
            accessTokenTrustedIps: { from: ['127.0.0.0/8'] },
          },
        },
      ]);
    });

    it('writes who detached it', async () => {
      const { identityId: actor } = await app.given.root();
      const { id } = await app.given.identity();
      await api.detach(id);
      expect(await api.events('revoke-identity-token-auth', id)).toEqual([{ outcome: 'success', actor, token: null }]);
    });
  });

  describe('400', () => {
    it('says that it is not attached', async () => {
      const id = await app.given.bareIdentity();
      expect(told(await api.detach(id))).toEqual(
        refusal(400, 'BadRequest', 'Token Auth is not attached to this identity'),
      );
    });

    it('answers all but one of 20 at once', async () => {
      const { id } = await app.given.identity();
      const answers = await Promise.all(Array.from({ length: 20 }, () => api.detach(id)));
      expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
        200,
        ...Array.from({ length: 19 }, () => 400),
      ]);
    });
  });

  describe('403', () => {
    it('wants revoke-auth, and notes who had not', async () => {
      const caller = await app.given.identity({ role: 'member' });
      const { id, token } = await app.given.identity();
      expect((await api.detach(id, caller.token)).body).toMatchObject({ error: 'PermissionDenied' });
      expect(await api.use(token)).toBe(200);
      expect(await api.events('revoke-identity-token-auth', id)).toEqual([
        { outcome: 'refused', actor: caller.id, token: null },
      ]);
    });

    it('lets nobody detach an identity that can do more', async () => {
      const caller = await app.given.identity();
      await app.given.customRole(caller.id, [{ subject: 'identity', action: ['revoke-auth'] }]);
      const { id, token } = await app.given.identity({ role: 'verifier' });
      expect((await api.detach(id, caller.token)).body).toMatchObject({ error: 'PermissionBoundaryError' });
      expect(await api.use(token)).toBe(200);
    });

    it('is for the organization that owns the identity', async () => {
      const { identityId } = await app.given.root();
      const { id } = await app.given.identity();
      const sub = await app.given.subOrganization({ [identityId]: 'admin', [id]: 'no-access' });
      const { accessToken } = await app.given.mint(identityId, { organizationSlug: sub.slug });
      expect(told(await api.detach(id, accessToken))).toEqual(refusal(403, 'ForbiddenError'));
    });
  });

  describe('404', () => {
    it.each([UNKNOWN_ID, 'no-uuid'])('knows no identity %s', async (id) => {
      const { token } = await app.given.identity();
      expect(told(await api.detach(id, token))).toEqual(refusal(404, 'NotFound', 'Identity not found'));
    });
  });
});
