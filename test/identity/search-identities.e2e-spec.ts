import { failedKeys } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';

describe('POST /api/v1/identities/search', () => {
  let app: TestApp;
  let token: string;
  beforeAll(async () => {
    app = await TestApp.start();
    const { identityId } = await app.given.root();
    const sub = await app.given.subOrganization({ [identityId]: 'admin' });
    token = (await app.given.mint(identityId, { organizationSlug: sub.slug })).accessToken;
    const made = [
      { name: 'Alpha', role: 'member' },
      { name: 'beta 100%', role: 'verifier' },
      { name: 'beta_1000', role: 'member' },
      { name: String.raw`back\slash`, role: 'no-access' },
    ];
    for (const body of made)
      await app.http.post('/api/v1/identities', { token, body: { ...body, organizationId: sub.id } });
  });
  afterAll(() => app.stop());

  const search = (body: unknown) => app.http.post('/api/v1/identities/search', { token, body });
  const ADMIN = 'Instance Admin Identity';
  const namesOf = async (filter: object, rest: object = {}) => {
    const { body } = await search({ search: filter, ...rest });
    const names = (body.identities as { identity: { name: string } }[]).map(({ identity }) => identity.name);
    expect(body.totalCount).toBe(names.length);
    return names.toSorted();
  };

  describe('200', () => {
    it('shows what a reader of one identity sees, and no other organization', async () => {
      const { body } = await search({ search: { name: 'Alpha' } });
      expect(body).toEqual({
        totalCount: 1,
        identities: [
          {
            id: expect.any(String),
            role: 'member',
            roleId: null,
            orgId: expect.any(String),
            identityId: expect.any(String),
            lastLoginAuthMethod: null,
            lastLoginTime: null,
            createdAt: expect.any(String),
            updatedAt: expect.any(String),
            identity: {
              id: expect.any(String),
              name: 'Alpha',
              orgId: expect.any(String),
              hasDeleteProtection: false,
              authMethods: [],
              activeLockoutAuthMethods: [],
            },
          },
        ],
      });
    });

    it.each([
      { filter: {}, found: ['Alpha', ADMIN, String.raw`back\slash`, 'beta 100%', 'beta_1000'] },
      { filter: { name: 'alpha' }, found: [] },
      { filter: { name: { $eq: 'Alpha' } }, found: ['Alpha'] },
      { filter: { name: { $contains: 'ALPH' } }, found: ['Alpha'] },
      { filter: { name: { $contains: '100%' } }, found: ['beta 100%'] },
      { filter: { name: { $contains: '_1' } }, found: ['beta_1000'] },
      { filter: { name: { $contains: String.raw`k\s` } }, found: [String.raw`back\slash`] },
      { filter: { name: { $contains: "'; DROP TABLE identity; --" } }, found: [] },
      { filter: { name: { $in: ['Alpha', 'beta_1000', 'none'] } }, found: ['Alpha', 'beta_1000'] },
      { filter: { name: { $in: [] } }, found: [] },
      { filter: { name: { $contains: 'beta', $in: ['Alpha', 'beta_1000'] } }, found: ['beta_1000'] },
      { filter: { role: 'admin' }, found: [ADMIN] },
      { filter: { role: { $in: ['verifier', 'no-access'] } }, found: [String.raw`back\slash`, 'beta 100%'] },
      { filter: { role: 'member', name: { $contains: 'beta' } }, found: ['beta_1000'] },
      { filter: { $or: [{ name: 'Alpha' }, { role: 'admin' }] }, found: ['Alpha', ADMIN] },
      { filter: { role: 'member', $or: [{ name: 'Alpha' }, { role: 'admin' }] }, found: ['Alpha'] },
      { filter: { role: { $contains: 'adm', $eq: 'admin' } }, found: [ADMIN] },
      { filter: { role: { $contains: 1, $eq: 'admin' } }, found: [ADMIN] },
      { filter: { role: { $contains: '\0', $eq: 'admin' }, $or: [{ role: { $contains: null } }] }, found: [ADMIN] },
      { filter: { $or: [] }, found: ['Alpha', ADMIN, String.raw`back\slash`, 'beta 100%', 'beta_1000'] },
    ])('finds by $filter', async ({ filter, found }: { filter: object; found: string[] }) => {
      expect(await namesOf(filter)).toEqual(found.toSorted());
    });

    it('finds a custom role by its slug', async () => {
      const { token: root } = await app.given.root();
      const { id } = await app.given.identity();
      const roleId = await app.given.customRole(id, []);
      const { body } = await app.http.post('/api/v1/identities/search', {
        token: root,
        body: { search: { role: `role-${roleId}` } },
      });
      expect(body).toMatchObject({ totalCount: 1, identities: [{ identityId: id, customRole: { id: roleId } }] });
    });

    it.each(['asc', 'desc'])('sorts by role, %s, and pages with a true count', async (orderDirection) => {
      const pages = await Promise.all(
        [0, 2, 4].map(async (offset) => search({ orderBy: 'role', orderDirection, limit: 2, offset })),
      );
      const roles = pages.flatMap(({ body }) => (body.identities as { role: string }[]).map(({ role }) => role));
      const sorted = ['admin', 'member', 'member', 'no-access', 'verifier'];
      expect(roles).toEqual(orderDirection === 'asc' ? sorted : sorted.toReversed());
      expect(pages.map(({ body }) => body.totalCount)).toEqual([5, 5, 5]);
    });
  });

  it('403: wants read', async () => {
    const { token: weak } = await app.given.identity();
    expect((await app.http.post('/api/v1/identities/search', { token: weak, body: {} })).body).toMatchObject({
      error: 'PermissionDenied',
    });
  });

  describe('422', () => {
    const texts = (count: number) => Array.from({ length: count }, () => 'x');

    it('takes 100 entries in $in and 5 alternatives', async () => {
      const $or = Array.from({ length: 5 }, () => ({ name: { $in: texts(100) } }));
      expect((await search({ search: { name: { $in: texts(100) }, $or } })).status).toBe(200);
    });

    it.each([
      { orderBy: 'createdAt' },
      { orderDirection: 'up' },
      { limit: 0 },
      { limit: 101 },
      { offset: -1 },
      { search: [] },
      { search: { name: 5 } },
      { search: { name: null } },
      { search: { name: ['x'] } },
      { search: { name: 'x'.repeat(256) } },
      { search: { name: { $eq: 'nul \0' } } },
      { search: { name: { $in: texts(101) } } },
      { search: { name: { $in: [5] } } },
      { search: { role: { $eq: null } } },
      { search: { $or: {} } },
      { search: { $or: Array.from({ length: 6 }, () => ({})) } },
      { search: { $or: [{ name: 5 }] } },
    ])('refuses %j', async (body) => {
      expect(failedKeys(await search(body))).toEqual(Object.keys(body));
    });
  });
});
