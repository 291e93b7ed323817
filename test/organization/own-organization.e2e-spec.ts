import { TestApp } from '../support/test-app.js';

describe('GET /api/v1/organization', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const organizationOf = (token?: string) => app.http.get('/api/v1/organization', { token });

  describe('200', () => {
    it('answers the organization of the token, whatever its role', async () => {
      const root = await app.given.root();
      const { token } = await app.given.identity();
      const { status, body } = await organizationOf(token);
      expect(status).toBe(200);
      expect(body).toEqual({
        organizations: [
          {
            id: root.organizationId,
            name: 'Acme',
            slug: 'acme',
            createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
            updatedAt: expect.any(String),
          },
        ],
      });
    });

    it('answers the sub-organization to a token that works there', async () => {
      const root = await app.given.root();
      const sub = await app.given.subOrganization({ [root.identityId]: 'admin' });
      const { accessToken } = await app.given.mint(root.identityId, { organizationSlug: sub.slug });
      expect((await organizationOf(accessToken)).body.organizations).toMatchObject([{ id: sub.id, slug: sub.slug }]);
    });
  });

  describe('401', () => {
    it('wants a token', async () => {
      expect((await organizationOf()).status).toBe(401);
    });
  });
});
