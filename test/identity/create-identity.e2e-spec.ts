import { failedKeys, refusal, told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';
import { UNKNOWN_ID } from '../support/token-auth-api.js';

describe('POST /api/v1/identities', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const create = async (body: object, token?: string) => {
    const root = await app.given.root();
    return app.http.post('/api/v1/identities', {
      token: token ?? root.token,
      body: { name: 'deploy', organizationId: root.organizationId, ...body },
    });
  };
  const read = async (id: string) =>
    (await app.http.get(`/api/v1/identities/${id}`, { token: (await app.given.root()).token })).body.identity;

  describe('200', () => {
    it('answers the identity, without Token Auth and without access', async () => {
      const { organizationId } = await app.given.root();
      const answer = await create({});
      expect(told(answer)).toEqual({
        status: 200,
        body: {
          identity: {
            id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
            name: 'deploy',
            orgId: organizationId,
            hasDeleteProtection: false,
            authMethods: [],
            authMethod: null,
            projectId: null,
            metadata: [],
            createdAt: app.clock.now().toISOString(),
            updatedAt: app.clock.now().toISOString(),
          },
        },
      });
      expect(await read(answer.body.identity.id as string)).toMatchObject({ role: 'no-access', roleId: null });
    });

    it('keeps metadata in their order', async () => {
      const metadata = Array.from({ length: 64 }, (_, index) => ({ key: `key ${63 - index}`, value: `${index}` }));
      const { identity } = (await create({ metadata })).body;
      expect(identity.metadata).toEqual(metadata.map((pair) => ({ id: expect.any(String), ...pair })));
      expect((await read(identity.id as string)).metadata).toEqual(identity.metadata);
    });

    it('gives the role and the delete protection that are asked for', async () => {
      const { identity } = (await create({ role: 'member', hasDeleteProtection: true })).body;
      expect(identity.hasDeleteProtection).toBe(true);
      expect(await read(identity.id as string)).toMatchObject({
        role: 'member',
        identity: { hasDeleteProtection: true },
      });
    });

    it('gives a custom role by its slug', async () => {
      const holder = await app.given.identity();
      const roleId = await app.given.customRole(holder.id, [{ subject: 'identity', action: ['read'] }]);
      const { identity } = (await create({ role: `role-${roleId}` })).body;
      expect(await read(identity.id as string)).toMatchObject({
        role: 'custom',
        roleId,
        customRole: { id: roleId, slug: `role-${roleId}`, name: 'a role', description: null },
      });
    });

    it('writes who created it', async () => {
      const { identityId } = await app.given.root();
      const { identity } = (await create({})).body;
      const rows: object[] = await app.db.query(
        'SELECT event, actor_identity_id AS actor FROM audit_event WHERE identity_id = $1',
        [identity.id],
      );
      expect(rows).toEqual([{ event: 'create-identity', actor: identityId }]);
    });
  });

  describe('403', () => {
    it.each([UNKNOWN_ID, 'no-uuid'])('is for another organization, whether it exists or not: %s', async (id) => {
      const other = await app.given.otherRoot();
      const foreign = await create({ organizationId: other.organizationId });
      const unknown = await create({ organizationId: id });
      expect(told(foreign)).toEqual(refusal(403, 'ForbiddenError'));
      expect({ ...foreign.body, reqId: '' }).toEqual({ ...unknown.body, reqId: '' });
    });

    it('wants create', async () => {
      const { token } = await app.given.identity({ role: 'member' });
      expect((await create({}, token)).body).toMatchObject({ error: 'PermissionDenied' });
    });

    it('wants grant-privileges for any role but no-access', async () => {
      const caller = await app.given.identity();
      await app.given.customRole(caller.id, [{ subject: 'identity', action: ['create', 'read', 'get-token'] }]);
      expect((await create({ role: 'no-access' }, caller.token)).status).toBe(200);
      expect((await create({ role: 'member' }, caller.token)).body).toMatchObject({
        error: 'PermissionDenied',
        message: 'You are not allowed to grant-privileges on identity',
      });
    });

    it('lets nobody give a role that can do more', async () => {
      const caller = await app.given.identity();
      await app.given.customRole(caller.id, [{ subject: 'identity', action: ['create', 'grant-privileges'] }]);
      expect((await create({ role: 'verifier' }, caller.token)).body).toMatchObject({
        error: 'PermissionBoundaryError',
        details: { missingPermissions: [{ subject: 'access-token', action: ['follow-revocations', 'introspect'] }] },
      });
    });
  });

  describe('404', () => {
    it('is for an unknown role', async () => {
      expect(told(await create({ role: 'captain' }))).toEqual(refusal(404, 'NotFound', 'Role not found'));
    });
  });

  describe('422', () => {
    it.each([
      { name: undefined },
      { name: 'x'.repeat(256) },
      { organizationId: undefined },
      { role: '' },
      { hasDeleteProtection: 'yes' },
      { metadata: {} },
      { metadata: [null] },
      { metadata: [{ key: '', value: 'x' }] },
      { metadata: [{ key: 'x'.repeat(256), value: 'x' }] },
      { metadata: [{ key: 'x', value: 'x'.repeat(1025) }] },
      { metadata: Array.from({ length: 65 }, () => ({ key: 'x', value: 'x' })) },
    ])('refuses %j', async (body) => {
      expect(failedKeys(await create(body))).toEqual(Object.keys(body));
    });
  });
});
