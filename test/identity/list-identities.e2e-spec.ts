import { failedKeys, refusal, told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';
import { UNKNOWN_ID } from '../support/token-auth-api.js';

describe('GET /api/v1/identities', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  /** A sub-organization with so many identities of its own, and a token of its administrator. */
  const givenMembers = async (count: number) => {
    const { identityId } = await app.given.root();
    const { id, slug } = await app.given.subOrganization({ [identityId]: 'admin' });
    const { accessToken: token } = await app.given.mint(identityId, { organizationSlug: slug });
    const ids = [identityId];
    for (let made = 0; made < count; made += 1) {
      app.clock.advance(1);
      const body = { name: `identity ${made}`, organizationId: id };
      ids.push((await app.http.post('/api/v1/identities', { token, body })).body.identity.id as string);
    }
    return { id, token, ids };
  };
  const list = (orgId: string, token: string, query = '') =>
    app.http.get(`/api/v1/identities?orgId=${orgId}${query}`, { token });
  const idsOf = ({ body }: { body: { identities: { identityId: string }[] } }) =>
    body.identities.map(({ identityId }) => identityId);

  describe('200', () => {
    it('lists every member, oldest first, as its clients read it', async () => {
      const { id, token, ids } = await givenMembers(2);
      const answer = await list(id, token);
      expect(idsOf(answer)).toEqual(ids);
      expect(answer.body.totalCount).toBe(3);
      expect(answer.body.identities[1]).toEqual({
        id: expect.any(String),
        role: 'no-access',
        roleId: null,
        orgId: id,
        identityId: ids[1],
        lastLoginAuthMethod: null,
        lastLoginTime: null,
        createdAt: expect.stringMatching(/Z$/),
        updatedAt: expect.stringMatching(/Z$/),
        identity: { id: ids[1], name: 'identity 0', hasDeleteProtection: false, authMethods: [] },
      });
      expect(answer.body.identities[0].identity.authMethods).toEqual(['token-auth']);
    });

    it('pages where a limit is given', async () => {
      const { id, token, ids } = await givenMembers(4);
      const page = await list(id, token, '&limit=2&offset=1');
      expect(idsOf(page)).toEqual(ids.slice(1, 3));
      expect(page.body.totalCount).toBe(5);
      expect((await list(id, token, '&limit=2&offset=9')).body).toEqual({ identities: [], totalCount: 5 });
    });

    it('ends at 1 000 and counts them all', async () => {
      const { id, token } = await givenMembers(0);
      await app.db.query(
        `WITH made AS (
           INSERT INTO identity (id, name, organization_id, has_delete_protection, created_at, updated_at)
           SELECT gen_random_uuid(), 'x', $1, false, now(), now() FROM generate_series(1, 1001) RETURNING id)
         INSERT INTO membership (id, organization_id, identity_id, role, is_active, created_at, updated_at)
         SELECT gen_random_uuid(), $1, id, 'no-access', true, now(), now() FROM made`,
        [id],
      );
      const { body } = await list(id, token);
      expect({ shown: body.identities.length, totalCount: body.totalCount }).toEqual({ shown: 1000, totalCount: 1002 });
    });

    it('names a custom role', async () => {
      const { organizationId, token } = await app.given.root();
      const { id } = await app.given.identity();
      const roleId = await app.given.customRole(id, [{ subject: 'identity', action: ['read'] }]);
      const { body } = await list(organizationId, token);
      expect(body.identities.find(({ identityId }: { identityId: string }) => identityId === id)).toMatchObject({
        role: 'custom',
        roleId,
        customRole: { id: roleId, slug: `role-${roleId}`, name: 'a role', description: null },
      });
      expect(JSON.stringify(body.identities)).not.toMatch(/organization_?id/i);
    });
  });

  describe('403', () => {
    it('is for another organization, whether it exists or not', async () => {
      const { token } = await app.given.root();
      const other = await app.given.otherRoot();
      for (const orgId of [other.organizationId, UNKNOWN_ID, 'no-uuid'])
        expect(told(await list(orgId, token))).toEqual(refusal(403, 'ForbiddenError'));
    });

    it('wants read', async () => {
      const { organizationId } = await app.given.root();
      const { token } = await app.given.identity();
      expect((await list(organizationId, token)).body).toMatchObject({ error: 'PermissionDenied' });
    });
  });

  describe('422', () => {
    it.each(['limit=0', 'limit=1001', 'limit=x', 'offset=-1', 'offset=1.5'])('refuses %s', async (query) => {
      const { organizationId, token } = await app.given.root();
      expect(failedKeys(await list(organizationId, token, `&${query}`))).toEqual([query.split('=')[0]]);
    });

    it('wants orgId', async () => {
      const { token } = await app.given.root();
      expect(failedKeys(await app.http.get('/api/v1/identities', { token }))).toEqual(['orgId']);
    });
  });
});
