import { newId } from '../../src/common/random-id.js';
import { TestApp } from '../support/test-app.js';

const READ = [{ subject: 'identity', action: ['read'] }];

describe.each([
  { path: '/api/v1/organization/roles/{roleId}', at: (id: string) => id },
  { path: '/api/v1/organization/roles/slug/{slug}', at: (id: string) => `slug/role-${id}` },
])('GET $path', ({ at }) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const getRole = (path: string, token: string) => app.http.get(`/api/v1/organization/roles/${path}`, { token });
  const role = async () => app.given.customRole(await app.given.bareIdentity(), READ);

  describe('200', () => {
    it('answers the role', async () => {
      const { token, organizationId } = await app.given.root();
      const id = await role();
      expect(await getRole(at(id), token)).toMatchObject({
        status: 200,
        body: { role: { id, slug: `role-${id}`, name: 'a role', permissions: READ, orgId: organizationId } },
      });
    });
  });

  describe('403', () => {
    it('without the permission', async () => {
      const { token } = await app.given.identity({ role: 'no-access' });
      expect(await getRole(at(await role()), token)).toMatchObject({
        status: 403,
        body: { error: 'PermissionDenied' },
      });
    });
  });

  describe('404', () => {
    it("for a role that is unknown or another organization's, to everybody alike", async () => {
      const other = await app.given.otherRoot();
      const { token } = await app.given.identity({ role: 'no-access' });
      const foreign = await app.given.customRole(other.identityId, READ, other);
      for (const path of [at(foreign), at(newId()), at('x'), at('%00')]) {
        const { status, body } = await getRole(path, token);
        expect([status, body.error, body.message]).toEqual([404, 'NotFound', 'Role not found']);
      }
    });
  });
});
