import { newId } from '../../src/common/random-id.js';
import type { PermissionRule } from '../../src/database/entities/role.entity.js';
import { auditedDetails, countLogRows } from '../support/audited-changes.js';
import { TestApp } from '../support/test-app.js';

const READ = [{ subject: 'identity', action: ['read'] }];
const EDITOR = [{ subject: 'role', action: ['read', 'edit'] }];

describe('PATCH /api/v1/organization/roles/{roleId}', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const updateRole = async (roleId: string, body: object, token?: string) =>
    app.http.patch(`/api/v1/organization/roles/${roleId}`, { token: token ?? (await app.given.root()).token, body });
  const heldRole = async (permissions: PermissionRule[] = READ) => {
    const holder = await app.given.identity();
    return { holder, roleId: await app.given.customRole(holder.id, permissions) };
  };
  const storedRules = async (roleId: string) => {
    const [{ permissions }]: [{ permissions: PermissionRule[] }] = await app.db.query(
      'SELECT permissions FROM role WHERE id = $1',
      [roleId],
    );
    return permissions;
  };
  const detailsOf = async (roleId: string) =>
    ((await auditedDetails(app, 'update-org-role')) as { roleId: string }[]).filter((row) => row.roleId === roleId);

  describe('200', () => {
    it('changes what is given and leaves the rest', async () => {
      const { roleId } = await heldRole();
      app.clock.advance(1);
      const slug = `renamed-${newId()}`;
      const answer = await updateRole(roleId, { slug, description: 'new' });
      expect(answer).toMatchObject({
        status: 200,
        body: { role: { id: roleId, slug, name: 'a role', description: 'new', permissions: READ } },
      });
      expect(answer.body.role.updatedAt).toBe(app.clock.now().toISOString());
      expect(answer.body.role.createdAt).not.toBe(answer.body.role.updatedAt);
    });

    it('replaces the permissions, for whoever holds the role, at once', async () => {
      const { holder, roleId } = await heldRole();
      const read = () => app.http.get(`/api/v1/identities/${holder.id}`, { token: holder.token });
      expect((await read()).status).toBe(200);
      await updateRole(roleId, { permissions: EDITOR });
      expect((await read()).status).toBe(403);
      expect((await app.http.get('/api/v1/organization/roles', { token: holder.token })).status).toBe(200);
    });

    it('holds at once on every other replica', async () => {
      const { token } = await app.given.root();
      const holder = await app.given.identity();
      const roleId = await app.given.customRole(holder.id, [{ subject: 'identity', action: ['create'] }]);
      const replica = await TestApp.start({ beside: app });
      const { organizationId } = await app.given.root();
      const create = async () => {
        const body = { name: 'x', organizationId };
        return (await replica.http.post('/api/v1/identities', { token: holder.token, body })).status;
      };
      expect(await create()).toBe(200);
      await app.http.patch(`/api/v1/organization/roles/${roleId}`, { token, body: { permissions: [] } });
      expect(await create()).toBe(403);
      await replica.stop();
    });

    it('tells verifiers to ask again, when the permissions change', async () => {
      const { roleId } = await heldRole();
      const { organizationId } = await app.given.root();
      const countNotes = async () => {
        const [{ count }]: [{ count: string }] = await app.db.query(
          `SELECT count(*) FROM revocation WHERE effect = 'changed' AND scope = 'organization' AND key = $1`,
          [organizationId],
        );
        return Number(count);
      };
      const before = await countNotes();
      await updateRole(roleId, { permissions: [] });
      expect(await countNotes()).toBe(before + 1);
    });

    it('records old and new values of the changed fields in the audit log', async () => {
      const { roleId } = await heldRole();
      const slug = `renamed-${newId()}`;
      await updateRole(roleId, { slug, name: 'a role', description: 'new', permissions: EDITOR });
      expect(await detailsOf(roleId)).toEqual([
        {
          roleId,
          slug,
          changes: {
            slug: { from: `role-${roleId}`, to: slug },
            description: { from: null, to: 'new' },
            permissions: { from: READ, to: EDITOR },
          },
        },
      ]);
    });

    it('returns the role as it is when every value is the stored one, and writes no log row', async () => {
      const { roleId } = await heldRole();
      const { body: changed } = await updateRole(roleId, { description: 'for tests' });
      app.clock.advance(5);
      const before = await countLogRows(app);
      const { slug, name, description } = changed.role;
      for (const body of [{}, { slug, name, description, permissions: READ }, { permissions: READ }])
        expect(await updateRole(roleId, body)).toMatchObject({ status: 200, body: changed });
      expect(await countLogRows(app)).toEqual(before);
    });

    it('writes no entry of the revocation log for permissions that stay the same beside a new name', async () => {
      const { roleId } = await heldRole();
      const before = await app.db.query('SELECT count(*) FROM revocation');
      await updateRole(roleId, { name: 'new', permissions: READ });
      expect(await app.db.query('SELECT count(*) FROM revocation')).toEqual(before);
      expect(await detailsOf(roleId)).toMatchObject([{ changes: { name: { from: 'a role', to: 'new' } } }]);
    });

    it('writes no entry of the revocation log for new permissions of a role that no member has', async () => {
      const { holder, roleId } = await heldRole();
      await app.given.customRole(holder.id, READ);
      const before = await app.db.query('SELECT count(*) FROM revocation');
      expect((await updateRole(roleId, { permissions: [] })).status).toBe(200);
      expect(await app.db.query('SELECT count(*) FROM revocation')).toEqual(before);
    });

    it('writes one audit row and one revocation entry when many requests send the same change at once', async () => {
      const { roleId } = await heldRole();
      const before = (await app.db.query('SELECT FROM revocation')) as object[];
      await Promise.all(Array.from({ length: 20 }, () => updateRole(roleId, { permissions: [] })));
      expect(await detailsOf(roleId)).toMatchObject([{ changes: { permissions: { from: READ, to: [] } } }]);
      expect(await app.db.query('SELECT FROM revocation')).toHaveLength(before.length + 1);
    });
  });

  describe('400', () => {
    it("refuses another role's slug, and a reserved one", async () => {
      const [first, second] = [await heldRole(), await heldRole()];
      expect((await updateRole(first.roleId, { slug: `role-${second.roleId}` })).status).toBe(400);
      expect((await updateRole(first.roleId, { slug: 'custom' })).status).toBe(400);
      expect((await updateRole(first.roleId, { slug: `role-${first.roleId}` })).status).toBe(200);
    });
  });

  describe('403', () => {
    it('without the permission, and says so in the audit log', async () => {
      const { roleId } = await heldRole();
      const { token } = await app.given.identity({ role: 'member' });
      expect(await updateRole(roleId, { slug: 'admin' }, token)).toMatchObject({
        status: 403,
        body: { error: 'PermissionDenied' },
      });
      expect(
        await app.db.query(`SELECT event, outcome FROM audit_event WHERE details->>'roleId' = $1`, [roleId]),
      ).toEqual([{ event: 'update-org-role', outcome: 'refused' }]);
    });

    it('refuses to take from a role what the caller does not hold', async () => {
      const { roleId } = await heldRole(READ);
      const { holder } = await heldRole(EDITOR);
      expect(await updateRole(roleId, { permissions: [] }, holder.token)).toMatchObject({
        status: 403,
        body: { error: 'PermissionBoundaryError', details: { missingPermissions: READ } },
      });
      expect(await storedRules(roleId)).toEqual(READ);
    });
  });

  describe('404', () => {
    it("for a role that is unknown, another organization's or no id, to everybody alike", async () => {
      const other = await app.given.otherRoot();
      const { token } = await app.given.identity({ role: 'no-access' });
      const foreign = await app.given.customRole(other.identityId, READ, other);
      const answers = await Promise.all([foreign, newId(), 'x', '%00'].map((id) => updateRole(id, {}, token)));
      for (const { status, body } of answers) {
        expect([status, body.error, body.message]).toEqual([404, 'NotFound', 'Role not found']);
      }
    });
  });

  describe('422', () => {
    it.each([
      { permissions: null },
      { permissions: [{ subject: 'identity', action: 'fly' }] },
      { permissions: [{ subject: 'identity', action: 'read', inverted: true }] },
      { slug: 'UPPER' },
    ])('refuses %j', async (body) => {
      const { roleId } = await heldRole();
      expect((await updateRole(roleId, body)).status).toBe(422);
      expect(await storedRules(roleId)).toEqual(READ);
    });
  });
});
