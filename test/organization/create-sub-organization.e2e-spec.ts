import { newId } from '../../src/common/random-id.js';
import { TestApp } from '../support/test-app.js';

describe('POST /api/v1/sub-organizations', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const create = (token: string | undefined, body?: unknown) =>
    app.http.post('/api/v1/sub-organizations', { token, body });
  const newSlug = () => `new-${newId()}`;
  const countOf = async (slug: string): Promise<number> => {
    const [row]: { count: number }[] = await app.db.query(
      'SELECT count(*)::int AS count FROM organization WHERE slug = $1 AND parent_id IS NOT NULL',
      [slug],
    );
    return row?.count ?? -1;
  };

  describe('200', () => {
    it('answers the new sub-organization', async () => {
      const root = await app.given.root();
      const slug = newSlug();
      const { status, body } = await create(root.token, { name: 'Payments EU', slug });
      expect(status).toBe(200);
      expect(body).toEqual({
        organization: {
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          name: 'Payments EU',
          slug,
          createdAt: app.clock.now().toISOString(),
          updatedAt: app.clock.now().toISOString(),
          parentOrgId: root.organizationId,
        },
      });
    });

    it("makes the caller's identity its admin, so that tokens for it can be minted", async () => {
      const caller = await app.given.identity({ role: 'admin' });
      const { organization } = (await create(caller.token, { name: 'Mine', slug: newSlug() })).body;
      const body = { organizationSlug: organization.slug };
      const { accessToken } = await app.given.mint(caller.id, body, caller.token);
      const created = await app.http.post('/api/v1/identities', {
        token: accessToken,
        body: { name: 'below', organizationId: organization.id, role: 'admin' },
      });
      expect(created).toMatchObject({ status: 200, body: { identity: { orgId: organization.id } } });
    });

    it('needs the one permission alone', async () => {
      const caller = await app.given.identity();
      await app.given.customRole(caller.id, [{ subject: 'sub-organization', action: ['create'] }]);
      expect((await create(caller.token, { name: 'By permission', slug: newSlug() })).status).toBe(200);
    });

    it('derives the slug from the name when none is given, and leaves the name as it was sent', async () => {
      const { token } = await app.given.root();
      const mark = newId();
      expect((await create(token, { name: ` Zürich_${mark} ` })).body.organization).toMatchObject({
        name: ` Zürich_${mark} `,
        slug: `zurich-${mark}`,
      });
    });

    it('trims the slug and makes it lower-case', async () => {
      const { token } = await app.given.root();
      const slug = newSlug();
      expect((await create(token, { name: 'x', slug: `  ${slug.toUpperCase()} ` })).body.organization.slug).toBe(slug);
    });

    it.each([
      { what: 'a name of 64 characters', body: () => ({ name: 'n'.repeat(64), slug: newSlug() }) },
      { what: 'a slug of 64 characters', body: () => ({ name: 'n', slug: newId().padEnd(64, 'a') }) },
      { what: 'a slug of one character', body: () => ({ name: 'n', slug: 'z' }) },
      { what: 'letters of any script', body: () => ({ name: '支払い', slug: newSlug() }) },
      { what: 'unknown keys', body: () => ({ name: 'n', slug: newSlug(), parentId: newId(), id: newId() }) },
    ])('takes $what', async ({ body }) => {
      expect((await create((await app.given.root()).token, body())).status).toBe(200);
    });

    it('lets two have one name', async () => {
      const { token } = await app.given.root();
      await create(token, { name: 'Twin', slug: newSlug() });
      expect((await create(token, { name: 'Twin', slug: newSlug() })).status).toBe(200);
    });

    it('lets two roots have one slug each', async () => {
      const slug = newSlug();
      for (const { token } of [await app.given.root(), await app.given.otherRoot()])
        expect((await create(token, { name: 'n', slug })).status).toBe(200);
    });

    it('is noted in the audit log', async () => {
      const root = await app.given.root();
      const { id, slug } = (await create(root.token, { name: 'n', slug: newSlug() })).body.organization;
      expect(
        await app.db.query(
          `SELECT event, outcome, organization_id, actor_identity_id, details FROM audit_event WHERE details->>'subOrgId' = $1`,
          [id],
        ),
      ).toEqual([
        {
          event: 'create-sub-organization',
          outcome: 'success',
          organization_id: root.organizationId,
          actor_identity_id: root.identityId,
          details: { subOrgId: id, slug, changes: { name: { to: 'n' }, slug: { to: slug } } },
        },
      ]);
    });
  });

  describe('400', () => {
    it('keeps a slug unique in its root, by 50 at once too', async () => {
      const { token } = await app.given.root();
      const slug = newSlug();
      const answers = await Promise.all(Array.from({ length: 50 }, () => create(token, { name: 'Race', slug })));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status !== 200).map(({ body }) => ({ ...body, reqId: '' }))).toEqual(
        Array.from({ length: 49 }, () => ({
          reqId: '',
          statusCode: 400,
          error: 'BadRequest',
          message: `The slug ${slug} is taken`,
        })),
      );
      expect(await countOf(slug)).toBe(1);
    });

    it('refuses a derived slug that is taken', async () => {
      const { token } = await app.given.root();
      const name = `Derived ${newId()}`;
      await create(token, { name });
      expect((await create(token, { name })).body).toMatchObject({ statusCode: 400, error: 'BadRequest' });
    });

    it("refuses the root's own slug, given or derived", async () => {
      const root = await app.given.root();
      for (const body of [{ name: 'n', slug: root.slug }, { name: 'Acme' }])
        expect((await create(root.token, body)).body).toMatchObject({ statusCode: 400, error: 'BadRequest' });
      expect(await countOf(root.slug)).toBe(0);
    });

    it('ends at 10 000 in one root, and counts no deleted ones', async () => {
      const root = await app.given.otherRoot();
      await app.db.query(
        `INSERT INTO organization (id, name, slug, parent_id, root_id, created_at, updated_at)
         SELECT gen_random_uuid(), 'n', 'many-' || n, $1, $1, now(), now() FROM generate_series(1, 9999) n`,
        [root.organizationId],
      );
      const last = await create(root.token, { name: 'The last' });
      expect(last.status).toBe(200);
      expect((await create(root.token, { name: 'One more' })).body).toMatchObject({
        statusCode: 400,
        error: 'BadRequest',
        message: expect.stringContaining('10000'),
      });
      await app.db.query('UPDATE organization SET deleted_at = now() WHERE id = $1', [last.body.organization.id]);
      expect((await create(root.token, { name: 'One more' })).status).toBe(200);
    });
  });

  describe('401', () => {
    it('wants a token', async () => {
      expect((await create(undefined, { name: 'n' })).status).toBe(401);
    });
  });

  describe('403', () => {
    it.each(['no-access', 'member', 'verifier'])('needs more than the role %s', async (role) => {
      const { token } = await app.given.identity({ role });
      const slug = newSlug();
      expect((await create(token, { name: 'n', slug })).body).toMatchObject({
        error: 'PermissionDenied',
        message: 'You are not allowed to create on sub-organization',
      });
      expect(await countOf(slug)).toBe(0);
    });

    it('comes before 400, and is noted in the audit log', async () => {
      const root = await app.given.root();
      const caller = await app.given.identity({ role: 'member' });
      expect((await create(caller.token, { name: 'n', slug: root.slug })).status).toBe(403);
      expect(
        await app.db.query(`SELECT event, outcome FROM audit_event WHERE actor_identity_id = $1`, [caller.id]),
      ).toEqual([{ event: 'create-sub-organization', outcome: 'refused' }]);
    });

    it('makes none below a sub-organization', async () => {
      const root = await app.given.root();
      const sub = await app.given.subOrganization({ [root.identityId]: 'admin' });
      const { accessToken } = await app.given.mint(root.identityId, { organizationSlug: sub.slug });
      const slug = newSlug();
      expect((await create(accessToken, { name: 'n', slug })).body).toMatchObject({
        statusCode: 403,
        error: 'ForbiddenError',
      });
      expect(await countOf(slug)).toBe(0);
    });
  });

  describe('422', () => {
    it.each([
      {},
      { name: '' },
      { name: 'n'.repeat(65) },
      { name: null },
      { name: 5 },
      { name: 'a/b' },
      { name: 'nul \0' },
      { name: 'lone \ud800' },
      { name: 'n', slug: '' },
      { name: 'n', slug: '  ' },
      { name: 'n', slug: 'a--b' },
      { name: 'n', slug: '-a' },
      { name: 'n', slug: 'a_b' },
      { name: 'n', slug: 'a'.repeat(65) },
      { name: 'n', slug: null },
      undefined,
      [],
    ])('refuses %j', async (body) => {
      expect((await create((await app.given.root()).token, body)).body).toMatchObject({
        statusCode: 422,
        error: 'ValidationFailure',
      });
    });
  });
});
