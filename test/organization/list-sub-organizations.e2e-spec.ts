import { TestApp } from '../support/test-app.js';

describe('GET /api/v1/sub-organizations', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const list = (token: string | undefined, query: Record<string, string> = {}) =>
    app.http.get(`/api/v1/sub-organizations?${new URLSearchParams(query).toString()}`, { token });
  const namesOf = ({ body }: { body: { organizations: { name: string }[] } }) =>
    body.organizations.map(({ name }) => name);
  const idsOf = ({ body }: { body: { organizations: { id: string }[] } }) => body.organizations.map(({ id }) => id);

  /** A root of its own with sub-organizations of these names. */
  const givenBelow = async (names: string[]) => {
    const root = await app.given.otherRoot();
    const ids: string[] = [];
    for (const [index, name] of names.entries()) {
      const body = { name, slug: `s-${index}` };
      const answer = await app.http.post('/api/v1/sub-organizations', { token: root.token, body });
      ids.push(answer.body.organization.id as string);
    }
    return { ...root, ids };
  };

  describe('200', () => {
    it('answers an empty list with a count of none', async () => {
      const { token } = await givenBelow([]);
      expect((await list(token)).body).toEqual({ organizations: [], totalCount: 0 });
    });

    it('answers those of the own root alone, by name', async () => {
      const { token, organizationId, ids } = await givenBelow(['beta', 'alpha']);
      await givenBelow(['foreign']);
      expect((await list(token)).body).toEqual({
        organizations: [
          {
            id: ids[1],
            name: 'alpha',
            slug: 's-1',
            createdAt: app.clock.now().toISOString(),
            updatedAt: app.clock.now().toISOString(),
            parentOrgId: organizationId,
          },
          expect.objectContaining({ id: ids[0], name: 'beta' }),
        ],
        totalCount: 2,
      });
    });

    it('is open to any valid token of the root', async () => {
      const root = await givenBelow(['alpha']);
      const { token } = await app.given.identity({}, root);
      expect((await list(token)).body.totalCount).toBe(1);
    });

    it('turns round', async () => {
      const { token } = await givenBelow(['beta', 'alpha', 'gamma']);
      const answer = await list(token, { orderBy: 'name', orderDirection: 'desc' });
      expect(namesOf(answer)).toEqual(['gamma', 'beta', 'alpha']);
    });

    it('pages through equal names without a gap or a repetition, with the true count on each page', async () => {
      const { token, ids } = await givenBelow(Array.from({ length: 7 }, () => 'same'));
      const pages = await Promise.all(['0', '3', '6', '9'].map((offset) => list(token, { limit: '3', offset })));
      expect(pages.map(({ body }) => body.organizations.length as number)).toEqual([3, 3, 1, 0]);
      expect(pages.map(({ body }) => body.totalCount as number)).toEqual([7, 7, 7, 7]);
      const seen = pages.flatMap(idsOf);
      expect(seen).toEqual(ids.toSorted());
      expect(idsOf(await list(token, { orderDirection: 'desc' }))).toEqual(ids.toSorted().toReversed());
    });

    it('answers 25 unless told, and up to 1 000', async () => {
      const root = await app.given.otherRoot();
      await app.db.query(
        `INSERT INTO organization (id, name, slug, parent_id, root_id, created_at, updated_at)
         SELECT gen_random_uuid(), 'n' || n, 'many-' || n, $1, $1, now(), now() FROM generate_series(1, 1001) n`,
        [root.organizationId],
      );
      const [few, many] = [await list(root.token), await list(root.token, { limit: '1000' })];
      expect([few.body.organizations.length, few.body.totalCount]).toEqual([25, 1001]);
      expect([many.body.organizations.length, many.body.totalCount]).toEqual([1000, 1001]);
    });

    it.each([
      { search: 'PAY', found: ['Payments', 'repay'] },
      { search: 'a_b', found: ['a_b'] },
      { search: '%', found: [] },
      { search: '\\', found: [] },
      { search: "'", found: [] },
      { search: '', found: ['Payments', 'a_b', 'axb', 'repay'] },
    ])('finds $found for $search', async ({ search, found }) => {
      const { token } = await givenBelow(['Payments', 'repay', 'a_b', 'axb']);
      const answer = await list(token, { search });
      expect(namesOf(answer).toSorted()).toEqual(found);
      expect(answer.body.totalCount).toBe(found.length);
    });

    it('shows the accessible ones: those that the caller is an active member of', async () => {
      const root = await givenBelow(['in', 'off', 'out']);
      const caller = await app.given.identity({}, root);
      const [inside = '', off = ''] = root.ids;
      await app.given.membership(inside, caller.id, 'no-access');
      await app.given.membership(off, caller.id, 'admin');
      await app.db.query('UPDATE membership SET is_active = false WHERE organization_id = $1', [off]);
      expect((await list(caller.token, { isAccessible: 'true' })).body).toMatchObject({
        organizations: [{ id: inside }],
        totalCount: 1,
      });
      expect((await list(caller.token, { isAccessible: 'false' })).body.totalCount).toBe(3);
    });

    it('shows a token of a sub-organization that one alone', async () => {
      const root = await givenBelow(['mine', 'other']);
      const { accessToken } = await app.given.mint(root.identityId, { organizationSlug: 's-0' }, root.token);
      expect((await list(accessToken)).body).toMatchObject({ organizations: [{ name: 'mine' }], totalCount: 1 });
      expect((await list(accessToken, { search: 'other' })).body).toEqual({ organizations: [], totalCount: 0 });
    });

    it('shows no deleted one', async () => {
      const { token, ids } = await givenBelow(['gone', 'stays']);
      await app.http.delete(`/api/v1/sub-organizations/${ids[0]}`, { token });
      expect((await list(token)).body).toMatchObject({ organizations: [{ name: 'stays' }], totalCount: 1 });
    });
  });

  describe('401', () => {
    it('wants a token', async () => {
      expect((await list(undefined)).status).toBe(401);
    });
  });

  describe('422', () => {
    it.each([
      { limit: '0' },
      { limit: '1001' },
      { limit: 'x' },
      { offset: '-1' },
      { offset: '1.5' },
      { offset: '99999999999' },
      { orderBy: 'slug' },
      { orderDirection: 'up' },
      { isAccessible: 'yes' },
      { search: 'nul \0' },
      { search: 's'.repeat(256) },
    ])('refuses %j', async (query) => {
      const { body } = await list((await app.given.root()).token, query as unknown as Record<string, string>);
      expect(body).toMatchObject({ statusCode: 422, error: 'ValidationFailure' });
      const paths = (body.message as { path: string[] }[]).map(({ path }) => path[0]);
      expect([...new Set(paths)]).toEqual(Object.keys(query));
    });

    it('refuses a value that is given twice', async () => {
      const { token } = await app.given.root();
      expect((await app.http.get('/api/v1/sub-organizations?search=a&search=b', { token })).status).toBe(422);
    });
  });
});
