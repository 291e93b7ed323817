import { newId } from '../../src/common/random-id.js';
import { TestApp } from '../support/test-app.js';

const READ = [{ subject: 'identity', action: ['read'] }];

describe('DELETE /api/v1/organization/roles/{roleId}', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const deleteRole = async (roleId: string, token?: string) =>
    app.http.delete(`/api/v1/organization/roles/${roleId}`, { token: token ?? (await app.given.root()).token });
  const freeRole = async () => {
    const id = await app.given.bareIdentity();
    const roleId = await app.given.customRole(id, READ);
    await app.db.query(`UPDATE membership SET role = 'no-access', role_id = NULL WHERE identity_id = $1`, [id]);
    return roleId;
  };

  describe('200', () => {
    it('answers the role as it was, and it is gone', async () => {
      const roleId = await freeRole();
      const { token } = await app.given.root();
      expect(await deleteRole(roleId)).toMatchObject({
        status: 200,
        body: { role: { id: roleId, permissions: READ } },
      });
      expect((await app.http.get(`/api/v1/organization/roles/${roleId}`, { token })).status).toBe(404);
      const slug = `role-${roleId}`;
      const changes = { slug: { from: slug }, name: { from: 'a role' }, permissions: { from: READ } };
      expect(
        await app.db.query(`SELECT event, details FROM audit_event WHERE details->>'roleId' = $1`, [roleId]),
      ).toEqual([{ event: 'delete-org-role', details: { roleId, slug, changes } }]);
    });
  });

  describe('400', () => {
    it('goes, or is given, of 20 times both at once', async () => {
      const { token } = await app.given.root();
      for (let time = 0; time < 20; time += 1) {
        const { id } = await app.given.identity();
        const roleId = await app.given.customRole(id, []);
        await app.http.patch(`/api/v1/identities/${id}`, { token, body: { role: 'no-access' } });
        const [gone, given] = await Promise.all([
          app.http.delete(`/api/v1/organization/roles/${roleId}`, { token }),
          app.http.patch(`/api/v1/identities/${id}`, { token, body: { role: `role-${roleId}` } }),
        ]);
        expect([
          [200, 404],
          [400, 200],
        ]).toContainEqual([gone.status, given.status]);
      }
    });

    it('refuses while an identity holds it, and nothing is written', async () => {
      const roleId = await app.given.customRole(await app.given.bareIdentity(), READ);
      expect(await deleteRole(roleId)).toMatchObject({ status: 400, body: { error: 'BadRequest' } });
      expect(await app.db.query('SELECT 1 FROM role WHERE id = $1', [roleId])).toHaveLength(1);
      expect(await app.db.query(`SELECT 1 FROM audit_event WHERE details->>'roleId' = $1`, [roleId])).toEqual([]);
    });
  });

  describe('403', () => {
    it('without the permission, whether it is in use or not', async () => {
      const { token } = await app.given.identity({ role: 'member' });
      const held = await app.given.customRole(await app.given.bareIdentity(), READ);
      for (const roleId of [await freeRole(), held]) {
        expect(await deleteRole(roleId, token)).toMatchObject({ status: 403, body: { error: 'PermissionDenied' } });
      }
    });

    it('for a role that gives what the caller does not hold', async () => {
      const caller = await app.given.identity();
      await app.given.customRole(caller.id, [{ subject: 'role', action: ['delete'] }]);
      expect(await deleteRole(await freeRole(), caller.token)).toMatchObject({
        status: 403,
        body: { error: 'PermissionBoundaryError', details: { missingPermissions: READ } },
      });
    });
  });

  describe('404', () => {
    it("for a role that is unknown, another organization's or no id, with no effect", async () => {
      const other = await app.given.otherRoot();
      const foreign = await app.given.customRole(other.identityId, READ, other);
      for (const id of [foreign, newId(), 'x']) {
        const { status, body } = await deleteRole(id);
        expect([status, body.message]).toEqual([404, 'Role not found']);
      }
      expect(await app.db.query('SELECT 1 FROM role WHERE id = $1', [foreign])).toHaveLength(1);
    });

    it('when it is deleted a second time', async () => {
      const roleId = await freeRole();
      await deleteRole(roleId);
      expect((await deleteRole(roleId)).status).toBe(404);
    });
  });
});
