import { newId } from '../../src/common/random-id.js';
import { auditedDetails, countLogRows, isChain } from '../support/audited-changes.js';
import { TestApp } from '../support/test-app.js';

const UNKNOWN = '01900000-0000-7000-8000-000000000000';

describe('PATCH /api/v1/sub-organizations/{subOrgId}', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const update = (id: string, token: string | undefined, body?: unknown) =>
    app.http.patch(`/api/v1/sub-organizations/${id}`, { token, body });
  const stored = async (id: string): Promise<object[]> =>
    app.db.query('SELECT name, slug, updated_at FROM organization WHERE id = $1', [id]);

  describe('200', () => {
    it('changes the name and keeps the slug', async () => {
      const root = await app.given.root();
      const sub = await app.given.subOrganization();
      const createdAt = app.clock.now().toISOString();
      app.clock.advance(5);
      const { status, body } = await update(sub.id, root.token, { name: 'New name' });
      expect(status).toBe(200);
      expect(body).toEqual({
        organization: {
          id: sub.id,
          name: 'New name',
          slug: sub.slug,
          createdAt,
          updatedAt: app.clock.now().toISOString(),
          parentOrgId: root.organizationId,
        },
      });
      expect(await stored(sub.id)).toMatchObject([{ name: 'New name', slug: sub.slug }]);
    });

    it('changes the slug, by which tokens are scoped from then on; those that are out stay good', async () => {
      const root = await app.given.root();
      const sub = await app.given.subOrganization({ [root.identityId]: 'admin' });
      const { accessToken } = await app.given.mint(root.identityId, { organizationSlug: sub.slug });
      const slug = `new-${newId()}`;
      const { body } = await update(sub.id, root.token, { slug: ` ${slug.toUpperCase()} ` });
      expect(body.organization).toMatchObject({ name: sub.slug, slug });
      await app.given.mint(root.identityId, { organizationSlug: slug });
      await expect(app.given.mint(root.identityId, { organizationSlug: sub.slug })).rejects.toThrow('404');
      expect((await app.http.get('/api/v1/organization', { token: accessToken })).body.organizations).toMatchObject([
        { slug },
      ]);
    });

    it('returns the sub-organization as it is when every value is the stored one, and writes no log row', async () => {
      const { token } = await app.given.root();
      const { id } = await app.given.subOrganization();
      const { body: changed } = await update(id, token, { name: 'Same' });
      const { name, slug } = changed.organization;
      app.clock.advance(5);
      const before = await countLogRows(app);
      for (const body of [{}, { slug }, { name }, { name, slug }])
        expect(await update(id, token, body)).toMatchObject({ status: 200, body: changed });
      expect(await countLogRows(app)).toEqual(before);
    });

    it('records the name that each of many concurrent requests replaced', async () => {
      const { token } = await app.given.root();
      const { id, slug } = await app.given.subOrganization();
      await Promise.all(Array.from({ length: 24 }, (_, index) => update(id, token, { name: `Name ${index % 4}` })));
      const rows = (await auditedDetails(app, 'update-sub-organization')) as {
        subOrgId: string;
        changes: { name: { from: string; to: string } };
      }[];
      const transitions = rows.filter(({ subOrgId }) => subOrgId === id).map(({ changes }) => changes.name);
      const [last] = (await stored(id)) as { name: string }[];
      expect(transitions.length).toBeGreaterThan(3);
      expect(isChain(transitions, slug, last?.name)).toBe(true);
    });

    it('needs the one permission alone, and is noted in the audit log', async () => {
      const sub = await app.given.subOrganization();
      const caller = await app.given.identity();
      await app.given.customRole(caller.id, [{ subject: 'sub-organization', action: ['edit'] }]);
      expect((await update(sub.id, caller.token, { name: 'By permission' })).status).toBe(200);
      expect(
        await app.db.query(`SELECT event, outcome, details FROM audit_event WHERE actor_identity_id = $1`, [caller.id]),
      ).toEqual([
        {
          event: 'update-sub-organization',
          outcome: 'success',
          details: {
            subOrgId: sub.id,
            slug: sub.slug,
            changes: { name: { from: sub.slug, to: 'By permission' } },
          },
        },
      ]);
    });
  });

  describe('400', () => {
    it('refuses a slug that another has, or the root, and changes nothing', async () => {
      const root = await app.given.root();
      const [one, other] = [await app.given.subOrganization(), await app.given.subOrganization()];
      const before = await stored(one.id);
      for (const slug of [other.slug, root.slug])
        expect((await update(one.id, root.token, { name: 'New name', slug })).body).toMatchObject({
          statusCode: 400,
          error: 'BadRequest',
          message: `The slug ${slug} is taken`,
        });
      expect(await stored(one.id)).toEqual(before);
    });

    it('gives one slug to one of many that want it at once', async () => {
      const { token } = await app.given.root();
      const slug = `wanted-${newId()}`;
      const subs = await Promise.all(Array.from({ length: 50 }, () => app.given.subOrganization()));
      const statuses = (await Promise.all(subs.map(({ id }) => update(id, token, { slug })))).map(
        ({ status }) => status,
      );
      expect(statuses.toSorted((a, b) => a - b)).toEqual([200, ...Array.from({ length: 49 }, () => 400)]);
    });
  });

  describe('403', () => {
    it.each(['no-access', 'member', 'verifier'])('needs more than the role %s, and changes nothing', async (role) => {
      const sub = await app.given.subOrganization();
      const before = await stored(sub.id);
      const caller = await app.given.identity({ role });
      expect((await update(sub.id, caller.token, { name: 'New name' })).body).toMatchObject({
        error: 'PermissionDenied',
      });
      expect(await stored(sub.id)).toEqual(before);
      expect(
        await app.db.query(`SELECT event, outcome, details FROM audit_event WHERE actor_identity_id = $1`, [caller.id]),
      ).toMatchObject([{ event: 'update-sub-organization', outcome: 'refused', details: { subOrgId: sub.id } }]);
    });
  });

  describe('404', () => {
    it("tells unknown, foreign and malformed ids and roots' own alike, to a caller without permission too", async () => {
      const root = await app.given.root();
      const other = await app.given.otherRoot();
      const foreign = await app.given.subOrganization({}, other);
      const before = await stored(foreign.id);
      const { token: weak } = await app.given.identity();
      const ids = [UNKNOWN, foreign.id, root.organizationId, other.organizationId, 'no-uuid', '%00', 'a'.repeat(300)];
      const answers = await Promise.all(
        [root.token, weak].flatMap((token) => ids.map((id) => update(id, token, { name: 'New name' }))),
      );
      expect(answers.map(({ body }) => ({ ...body, reqId: '' }))).toEqual(
        answers.map(() => ({ reqId: '', statusCode: 404, error: 'NotFound', message: 'Sub-organization not found' })),
      );
      expect(await stored(foreign.id)).toEqual(before);
    });

    it('knows none below a sub-organization, itself included', async () => {
      const root = await app.given.root();
      const sub = await app.given.subOrganization({ [root.identityId]: 'admin' });
      const { accessToken } = await app.given.mint(root.identityId, { organizationSlug: sub.slug });
      expect((await update(sub.id, accessToken, { name: 'New name' })).status).toBe(404);
    });
  });

  describe('422', () => {
    it.each([{ name: '' }, { name: 'n'.repeat(65) }, { name: null }, { name: 'a/b' }, { slug: 'a--b' }, { slug: '' }])(
      'refuses %j',
      async (body) => {
        const { id } = await app.given.subOrganization();
        expect((await update(id, (await app.given.root()).token, body)).body).toMatchObject({
          statusCode: 422,
          error: 'ValidationFailure',
        });
      },
    );

    it('wants a body', async () => {
      const { id } = await app.given.subOrganization();
      expect((await update(id, (await app.given.root()).token)).status).toBe(422);
    });
  });
});
