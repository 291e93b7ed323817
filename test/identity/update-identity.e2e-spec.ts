import { failedKeys, refusal, told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi, UNKNOWN_ID } from '../support/token-auth-api.js';

describe('PATCH /api/v1/identities/{identityId}', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());

  const update = async (id: string, body: unknown, token?: string) =>
    app.http.patch(`/api/v1/identities/${id}`, { token: token ?? (await app.given.root()).token, body });
  const read = async (id: string) =>
    (await app.http.get(`/api/v1/identities/${id}`, { token: (await app.given.root()).token })).body.identity;

  describe('200', () => {
    it('changes what is sent, leaves the rest, and answers the identity as it stands', async () => {
      const { organizationId } = await app.given.root();
      const { id } = await app.given.identity({ role: 'member' });
      await update(id, { metadata: [{ key: 'team', value: 'payments' }] });
      const before = await read(id);
      app.clock.advance(5);
      const { status, body } = await update(id, { name: 'renamed' });
      expect(status).toBe(200);
      expect(body).toEqual({
        identity: {
          id,
          name: 'renamed',
          orgId: organizationId,
          authMethod: null,
          projectId: null,
          authMethods: ['token-auth'],
          hasDeleteProtection: false,
          metadata: before.metadata,
          createdAt: before.createdAt,
          updatedAt: app.clock.now().toISOString(),
        },
      });
      expect(await read(id)).toEqual({ ...before, identity: { ...before.identity, name: 'renamed' } });
    });

    it('switches delete protection alone', async () => {
      const id = await app.given.bareIdentity();
      for (const hasDeleteProtection of [true, false]) {
        expect((await update(id, { hasDeleteProtection })).body.identity).toMatchObject({ hasDeleteProtection });
        expect((await read(id)).identity).toMatchObject({ hasDeleteProtection, name: 'an identity' });
      }
    });

    it('replaces metadata, and clears them with an empty list', async () => {
      const id = await app.given.bareIdentity();
      const pairs = [
        { key: 'z', value: '1' },
        { key: 'a', value: '2' },
      ];
      expect((await update(id, { metadata: pairs })).body.identity.metadata).toMatchObject(pairs);
      expect((await update(id, { metadata: [pairs[1]] })).body.identity.metadata).toMatchObject([{ key: 'a' }]);
      expect((await update(id, { metadata: [] })).body.identity.metadata).toEqual([]);
      expect((await read(id)).metadata).toEqual([]);
    });

    it('gives a role, which holds for the tokens that there are', async () => {
      const { id, token } = await app.given.identity();
      const other = await app.given.bareIdentity();
      const readOther = async () => (await app.http.get(`/api/v1/identities/${other}`, { token })).status;
      expect(await readOther()).toBe(403);
      await update(id, { role: 'member' });
      expect(await readOther()).toBe(200);
      await update(id, { role: 'no-access' });
      expect(await readOther()).toBe(403);
      const entries: object[] = await app.db.query(
        `SELECT effect, scope FROM revocation WHERE key LIKE $1 ORDER BY sequence`,
        [`${id}%`],
      );
      expect(entries).toEqual(Array.from({ length: 2 }, () => ({ effect: 'changed', scope: 'identity-organization' })));
    });

    it('writes who changed it', async () => {
      const { identityId: actor } = await app.given.root();
      const id = await app.given.bareIdentity();
      await update(id, { name: 'x' });
      expect(await api.events('update-identity', id)).toEqual([{ outcome: 'success', actor, token: null }]);
    });
  });

  describe('400', () => {
    it('keeps the last active administrator of a root', async () => {
      const root = await app.given.otherRoot();
      expect(told(await update(root.identityId, { role: 'member' }, root.token))).toEqual(refusal(400, 'BadRequest'));
      expect(await api.use(root.token)).toBe(200);
      expect((await update(root.identityId, { role: 'admin' }, root.token)).status).toBe(200);
    });

    it('counts no administrator whose membership is switched off', async () => {
      const root = await app.given.otherRoot();
      const { id: other } = await app.given.identity({ role: 'admin' }, root);
      await app.db.query('UPDATE membership SET is_active = false WHERE identity_id = $1', [other]);
      expect((await update(root.identityId, { role: 'member' }, root.token)).status).toBe(400);
      await app.db.query('UPDATE membership SET is_active = true WHERE identity_id = $1', [other]);
      expect((await update(root.identityId, { role: 'member' }, root.token)).status).toBe(200);
    });

    it('keeps an administrator of ten that demote one another with 50 requests at once', async () => {
      const root = await app.given.otherRoot();
      const admins = await Promise.all(Array.from({ length: 9 }, () => app.given.identity({ role: 'admin' }, root)));
      const all = [{ id: root.identityId, token: root.token }, ...admins];
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          update(all[(index * 7 + 1) % 10]?.id ?? '', { role: 'no-access' }, all[index % 10]?.token),
        ),
      );
      expect(answers.filter(({ status }) => ![200, 400, 403].includes(status))).toEqual([]);
      const left: object[] = await app.db.query(
        `SELECT FROM membership WHERE organization_id = $1 AND role = 'admin' AND is_active`,
        [root.organizationId],
      );
      expect(left.length).toBeGreaterThanOrEqual(1);
    });
  });

  describe('403', () => {
    it('wants edit', async () => {
      const { token } = await app.given.identity({ role: 'member' });
      const id = await app.given.bareIdentity();
      expect((await update(id, { name: 'x' }, token)).body).toMatchObject({ error: 'PermissionDenied' });
    });

    it('wants grant-privileges where a role is given, the same one too', async () => {
      const caller = await app.given.identity();
      await app.given.customRole(caller.id, [{ subject: 'identity', action: ['edit'] }]);
      const id = await app.given.bareIdentity();
      expect((await update(id, { name: 'x' }, caller.token)).status).toBe(200);
      expect((await update(id, { role: 'no-access' }, caller.token)).body).toMatchObject({
        error: 'PermissionDenied',
        message: 'You are not allowed to grant-privileges on identity',
      });
    });

    it.each([
      { before: 'no-access', after: 'verifier' },
      { before: 'verifier', after: 'no-access' },
    ])('lets nobody turn $before into $after without holding both', async ({ before, after }) => {
      const caller = await app.given.identity();
      await app.given.customRole(caller.id, [{ subject: 'identity', action: ['edit', 'grant-privileges'] }]);
      const id = await app.given.bareIdentity({ role: before });
      expect((await update(id, { role: after }, caller.token)).body).toMatchObject({
        error: 'PermissionBoundaryError',
      });
      expect(await read(id)).toMatchObject({ role: before });
      expect(await api.events('update-identity', id)).toEqual([{ outcome: 'refused', actor: caller.id, token: null }]);
    });

    it('is for the organization that owns the identity', async () => {
      const { identityId } = await app.given.root();
      const id = await app.given.bareIdentity();
      const sub = await app.given.subOrganization({ [identityId]: 'admin', [id]: 'no-access' });
      const { accessToken } = await app.given.mint(identityId, { organizationSlug: sub.slug });
      expect(told(await update(id, { name: 'x' }, accessToken))).toEqual(refusal(403, 'ForbiddenError'));
    });
  });

  describe('404', () => {
    it.each([UNKNOWN_ID, 'no-uuid'])('knows no identity %s', async (id) => {
      const { token } = await app.given.identity();
      expect(told(await update(id, { name: 'x' }, token))).toEqual(refusal(404, 'NotFound', 'Identity not found'));
    });

    it('knows no role that is not there, whatever the caller may do', async () => {
      const { id, token } = await app.given.identity();
      expect(told(await update(id, { role: 'captain' }, token))).toEqual(refusal(404, 'NotFound', 'Role not found'));
    });
  });

  describe('422', () => {
    it.each([{ name: null }, { name: 'x'.repeat(256) }, { role: '' }, { hasDeleteProtection: 1 }, { metadata: null }])(
      'refuses %j',
      async (body) => {
        const id = await app.given.bareIdentity();
        expect(failedKeys(await update(id, body))).toEqual(Object.keys(body));
      },
    );
  });
});
