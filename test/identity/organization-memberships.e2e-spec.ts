import { failedKeys, refusal, told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';
import { UNKNOWN_ID } from '../support/token-auth-api.js';

const HEADER = 'sub-organization-memberships';

describe('memberships of an identity in sub-organizations', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const path = (id: string) => `/api/v1/identities/${id}`;
  const administrator = async () => (await app.given.root()).token;
  const list = async (id: string, query = '', token?: string) =>
    app.http.get(`${path(id)}/organization-memberships${query}`, { token: token ?? (await administrator()) });

  /** A member of the root and of two sub-organizations, one with a custom role, the other switched off. */
  const given = async () => {
    const { id } = await app.given.identity({ role: 'member' });
    const custom = await app.given.subOrganization({ [id]: 'no-access' });
    const roleId = await app.given.customRole(id, [], { ...(await app.given.root()), organizationId: custom.id });
    const off = await app.given.subOrganization({ [id]: 'admin' });
    await app.db.query('UPDATE membership SET is_active = false WHERE organization_id = $1', [off.id]);
    return { id, custom, roleId, off };
  };

  describe('GET /api/v1/identities/{identityId}/organization-memberships', () => {
    it('200: lists the own organization first, then its sub-organizations by slug', async () => {
      const { organizationId, slug } = await app.given.root();
      const { id, custom, roleId, off } = await given();
      const now = app.clock.now().toISOString();
      const times = { createdAt: now, updatedAt: now };
      const builtIn = { roleId: null, ...times };
      const { status, body } = await list(id);
      expect([status, body.totalCount]).toEqual([200, 3]);
      expect(body.memberships).toEqual([
        {
          orgId: organizationId,
          orgSlug: slug,
          orgName: 'Acme',
          role: 'member',
          roleSlug: 'member',
          isActive: true,
          ...builtIn,
        },
        {
          orgId: custom.id,
          orgSlug: custom.slug,
          orgName: custom.slug,
          role: 'custom',
          roleId,
          roleSlug: `role-${roleId}`,
          isActive: true,
          ...times,
        },
        {
          orgId: off.id,
          orgSlug: off.slug,
          orgName: off.slug,
          role: 'admin',
          roleSlug: 'admin',
          isActive: false,
          ...builtIn,
        },
      ]);
    });

    it('200: pages, with the total on every page', async () => {
      const { id, custom } = await given();
      expect((await list(id, '?limit=1&offset=1')).body).toMatchObject({
        totalCount: 3,
        memberships: [{ orgId: custom.id }],
      });
      expect((await list(id, '?offset=3')).body).toEqual({ totalCount: 3, memberships: [] });
    });

    it("200: shows a sub-organization's caller its own organization alone", async () => {
      const { identityId } = await app.given.root();
      const { id, custom } = await given();
      await app.given.membership(custom.id, identityId, 'admin');
      const { accessToken } = await app.given.mint(identityId, { organizationSlug: custom.slug });
      const { body } = await list(id, '', accessToken);
      expect(body).toMatchObject({ totalCount: 1, memberships: [{ orgId: custom.id }] });
      const read = await app.http.get(path(id), { token: accessToken });
      expect(read.headers.get(HEADER)).toBe('total=0, listed=()');
    });

    it('200: leaves out deleted sub-organizations and those of other roots', async () => {
      const { id, off } = await given();
      const other = await app.given.otherRoot();
      await app.given.subOrganization({ [id]: 'admin' }, other);
      await app.db.query('UPDATE organization SET deleted_at = now() WHERE id = $1', [off.id]);
      expect((await list(id)).body.totalCount).toBe(2);
    });

    it('403: requires the permission to read identities', async () => {
      const { id, token } = await app.given.identity();
      expect((await list(id, '', token)).body).toMatchObject({ error: 'PermissionDenied' });
    });

    it.each([UNKNOWN_ID, 'no-uuid'])('404: for the id %s', async (id) => {
      expect(told(await list(id))).toEqual(refusal(404, 'NotFound', 'Identity not found'));
    });

    it.each(['limit=0', 'limit=1001', 'offset=-1'])('422: for %s', async (query) => {
      expect(failedKeys(await list(UNKNOWN_ID, `?${query}`))).toEqual([query.split('=')[0]]);
    });
  });

  describe('the header field', () => {
    it('is part of the response when a role is changed, and the memberships keep their roles', async () => {
      const { id, custom, roleId, off } = await given();
      const answer = await app.http.patch(path(id), { token: await administrator(), body: { role: 'no-access' } });
      const listed = `"${custom.slug}";role="role-${roleId}";active=?1 "${off.slug}";role="admin";active=?0`;
      expect([answer.status, answer.headers.get(HEADER)]).toEqual([200, `total=2, listed=(${listed})`]);
      expect((await list(id)).body.memberships).toMatchObject([
        { role: 'no-access' },
        { role: 'custom', isActive: true },
        { role: 'admin', isActive: false },
      ]);
    });

    it('is part of the response when the identity is read, with a total of 0 where it has no such membership', async () => {
      const { id } = await given();
      const token = await administrator();
      expect((await app.http.get(path(id), { token })).headers.get(HEADER)).toMatch(/^total=2, listed=\("sub-/);
      const alone = await app.http.get(path(await app.given.bareIdentity()), { token });
      expect(alone.headers.get(HEADER)).toBe('total=0, listed=()');
    });

    it('lists 20 memberships, and the total of all', async () => {
      const id = await app.given.bareIdentity();
      for (let made = 0; made < 21; made += 1) await app.given.subOrganization({ [id]: 'member' });
      const { headers } = await app.http.get(path(id), { token: await administrator() });
      expect(headers.get(HEADER)).toMatch(/^total=21, /);
      expect(headers.get(HEADER)?.match(/role="member"/g)).toHaveLength(20);
    });

    it('is not part of a response that denies the change', async () => {
      const { id } = await given();
      const { token } = await app.given.identity({ role: 'member' });
      const answer = await app.http.patch(path(id), { token, body: { role: 'no-access' } });
      expect([answer.status, answer.headers.get(HEADER)]).toEqual([403, null]);
    });
  });
});
