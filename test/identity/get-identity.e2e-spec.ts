import { refusal, told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';
import { UNKNOWN_ID } from '../support/token-auth-api.js';

describe('reading identities', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const read = async (id: string, token?: string) =>
    app.http.get(`/api/v1/identities/${id}`, { token: token ?? (await app.given.root()).token });

  describe('GET /api/v1/identities/{identityId}', () => {
    it('200: answers the membership in the own organization', async () => {
      const { organizationId } = await app.given.root();
      const { id } = await app.given.identity({ role: 'member' });
      const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(told(await read(id))).toEqual({
        status: 200,
        body: {
          identity: {
            id: expect.stringMatching(/^[0-9a-f-]{36}$/),
            role: 'member',
            roleId: null,
            orgId: organizationId,
            identityId: id,
            lastLoginAuthMethod: null,
            lastLoginTime: null,
            metadata: [],
            createdAt: time,
            updatedAt: time,
            identity: {
              id,
              name: 'an identity',
              orgId: organizationId,
              hasDeleteProtection: false,
              authMethods: ['token-auth'],
              activeLockoutAuthMethods: [],
            },
          },
        },
      });
    });

    it('200: shows each organization the role that the identity has there', async () => {
      const { identityId } = await app.given.root();
      const { id } = await app.given.identity({ role: 'member' });
      const sub = await app.given.subOrganization({ [identityId]: 'admin', [id]: 'verifier' });
      const { accessToken } = await app.given.mint(identityId, { organizationSlug: sub.slug });
      expect((await read(id, accessToken)).body.identity).toMatchObject({ role: 'verifier', orgId: sub.id });
      expect((await read(id)).body.identity).toMatchObject({ role: 'member' });
    });

    it('200: tells of a custom role what is for callers, and no more', async () => {
      const { id } = await app.given.identity();
      const permissions = [{ subject: 'identity', action: ['read'] }];
      const roleId = await app.given.customRole(id, permissions);
      const { body } = await read(id);
      expect(body.identity).toMatchObject({ role: 'custom', roleId });
      expect(body.identity.customRole).toEqual({
        id: roleId,
        slug: `role-${roleId}`,
        name: 'a role',
        description: null,
        permissions,
      });
    });

    it('403: wants read', async () => {
      const { id, token } = await app.given.identity();
      expect((await read(id, token)).body).toMatchObject({ error: 'PermissionDenied' });
    });

    it('404: tells an unknown, a foreign and a malformed id alike', async () => {
      const other = await app.given.otherRoot();
      const { token } = await app.given.identity();
      for (const id of [UNKNOWN_ID, other.identityId, 'no-uuid', '%00']) {
        expect(told(await read(id, token))).toEqual(refusal(404, 'NotFound', 'Identity not found'));
      }
    });
  });

  describe('GET /api/v1/identities/details', () => {
    it('200: names the organization that the token works in', async () => {
      const root = await app.given.root();
      const sub = await app.given.subOrganization({ [root.identityId]: 'admin' });
      const { accessToken } = await app.given.mint(root.identityId, { organizationSlug: sub.slug });
      const details = async (token: string) =>
        (await app.http.get('/api/v1/identities/details', { token })).body.identityDetails;
      expect(await details(root.token)).toEqual({
        organization: { id: root.organizationId, name: 'Acme', slug: root.slug },
      });
      expect(await details(accessToken)).toEqual({ organization: { id: sub.id, name: sub.slug, slug: sub.slug } });
    });
  });
});
