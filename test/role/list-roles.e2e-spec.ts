import { TestApp } from '../support/test-app.js';

const READ = [{ subject: 'identity', action: ['read'] }];

describe('GET /api/v1/organization/roles', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const listRoles = async (token: string) => app.http.get('/api/v1/organization/roles', { token });

  describe('200', () => {
    it("lists the organization's own roles, oldest first, and no other's", async () => {
      const { token, organizationId } = await app.given.root();
      const other = await app.given.otherRoot();
      await app.given.customRole(other.identityId, READ, other);
      const first = await app.given.customRole(await app.given.bareIdentity(), READ);
      app.clock.advance(1);
      const second = await app.given.customRole(await app.given.bareIdentity(), []);
      const { status, body } = await listRoles(token);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        roles: [
          { id: first, permissions: READ, orgId: organizationId },
          { id: second, permissions: [], orgId: organizationId },
        ],
      });
      expect(body.roles).toHaveLength(2);
    });
  });

  describe('403', () => {
    it('without the permission', async () => {
      const { token } = await app.given.identity({ role: 'verifier' });
      expect(await listRoles(token)).toMatchObject({ status: 403, body: { error: 'PermissionDenied', details: [] } });
    });
  });
});
