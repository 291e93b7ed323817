import { newId } from '../../src/common/random-id.js';
import { tally } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';

const READ = [{ subject: 'identity', action: ['read'] }];

describe('POST /api/v1/organization/roles', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const createRole = async (body: object, token?: string) =>
    app.http.post('/api/v1/organization/roles', {
      token: token ?? (await app.given.root()).token,
      body: { slug: `role-${newId()}`, name: 'A role', permissions: READ, ...body },
    });

  describe('200', () => {
    it('answers the role, which its members can then be given', async () => {
      const { organizationId, token } = await app.given.root();
      const slug = `role-${newId()}`;
      const answer = await createRole({ slug, name: ' A role ', description: 'For reading' });
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        role: {
          id: expect.any(String),
          slug,
          name: ' A role ',
          description: 'For reading',
          permissions: READ,
          orgId: organizationId,
          createdAt: app.clock.now().toISOString(),
          updatedAt: app.clock.now().toISOString(),
        },
      });
      const body = { name: 'a reader', organizationId, role: slug };
      expect((await app.http.post('/api/v1/identities', { token, body })).status).toBe(200);
    });

    it('takes one action as a text, and no description', async () => {
      const { body } = await createRole({ permissions: [{ subject: 'identity', action: 'read' }] });
      expect(body.role).toMatchObject({ permissions: READ, description: null });
    });

    it('takes a role that gives nothing, and rules that say in words that they are plain', async () => {
      expect((await createRole({ permissions: [] })).body.role.permissions).toEqual([]);
      const plain = { subject: 'identity', action: 'read', inverted: false, conditions: null };
      expect((await createRole({ permissions: [plain] })).body.role.permissions).toEqual(READ);
    });

    it('takes an empty name', async () => {
      expect((await createRole({ name: '' })).body.role.name).toBe('');
    });

    it('takes the longest texts', async () => {
      const slug = newId().replaceAll('-', '').padEnd(64, 'a');
      const body = { slug, name: 'n'.repeat(255), description: 'd'.repeat(1024) };
      expect((await createRole(body)).status).toBe(200);
    });

    it('makes the role in the organization of a token that works in a sub-organization', async () => {
      const { id, token } = await app.given.identity({ role: 'admin' });
      const { id: subId, slug } = await app.given.subOrganization({
        [id]: 'admin',
        [(await app.given.root()).identityId]: 'admin',
      });
      const { accessToken } = await app.given.mint(id, { organizationSlug: slug }, token);
      const { body } = await createRole({}, accessToken);
      expect(body.role.orgId).toBe(subId);
    });

    it('is written in the audit log', async () => {
      const { body } = await createRole({ description: 'For reading' });
      const { id, slug } = body.role as { id: string; slug: string };
      const changes = {
        slug: { to: slug },
        name: { to: 'A role' },
        description: { to: 'For reading' },
        permissions: { to: READ },
      };
      expect(
        await app.db.query(`SELECT event, outcome, details FROM audit_event WHERE details->>'roleId' = $1`, [id]),
      ).toEqual([{ event: 'create-org-role', outcome: 'success', details: { roleId: id, slug, changes } }]);
    });
  });

  describe('400', () => {
    it.each(['admin', 'member', 'verifier', 'no-access', 'custom'])('keeps the slug %s', async (slug) => {
      expect(await createRole({ slug })).toMatchObject({ status: 400, body: { error: 'BadRequest' } });
    });

    it('gives a slug to one of 50 at once', async () => {
      const slug = `role-${newId()}`;
      const answers = await Promise.all(Array.from({ length: 50 }, () => createRole({ slug })));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 400)).toHaveLength(49);
    });

    const fill = (organizationId: string, roles: number) =>
      app.db.query(
        `INSERT INTO role (id, organization_id, slug, name, permissions, created_at, updated_at)
         SELECT gen_random_uuid(), $1, 'role-' || n, 'a role', '[]', now(), now() FROM generate_series(1, $2) n`,
        [organizationId, roles],
      );

    it('counts the roles of each organization by itself, so that a sub-organization leaves its root room', async () => {
      const other = await app.given.otherRoot();
      const sub = await app.given.subOrganization({ [other.identityId]: 'admin' }, other);
      const below = await app.given.mint(other.identityId, { organizationSlug: sub.slug }, other.token);
      await fill(sub.id, 500);
      expect((await createRole({}, below.accessToken)).status).toBe(400);
      expect((await createRole({}, other.token)).status).toBe(200);
    });

    it('creates the 500th role of an organization once of ten at the same time', async () => {
      const other = await app.given.otherRoot();
      await fill(other.organizationId, 499);
      const answers = await Promise.all(Array.from({ length: 10 }, () => createRole({}, other.token)));
      expect(tally(answers)).toEqual({ 200: 1, 400: 9 });
      const rows: unknown[] = await app.db.query('SELECT FROM role WHERE organization_id = $1', [other.organizationId]);
      expect(rows).toHaveLength(500);
    });
  });

  describe('403', () => {
    it('without the permission, before any word on the slug', async () => {
      const { token } = await app.given.identity({ role: 'member' });
      expect(await createRole({ slug: 'admin' }, token)).toMatchObject({
        status: 403,
        body: { error: 'PermissionDenied', details: [{ subject: 'role', action: ['read'] }] },
      });
    });
  });

  describe('422', () => {
    const rule = { subject: 'identity', action: ['read'] };
    it.each([
      { what: 'an unknown subject', permissions: [{ ...rule, subject: 'secrets' }] },
      { what: 'a subject in other letters (CVE-2025-64761)', permissions: [{ ...rule, subject: 'Identity' }] },
      { what: 'the subject constructor', permissions: [{ subject: 'constructor', action: ['name'] }] },
      { what: 'the subject toString', permissions: [{ subject: 'toString', action: ['name'] }] },
      { what: 'a subject that is a list', permissions: [{ ...rule, subject: ['identity'] }] },
      { what: 'no subject', permissions: [{ action: ['read'] }] },
      { what: 'an unknown action', permissions: [{ ...rule, action: ['read', 'own'] }] },
      { what: 'an action in other letters', permissions: [{ ...rule, action: 'Read' }] },
      { what: "another subject's action", permissions: [{ subject: 'role', action: ['create-token'] }] },
      { what: 'the action length', permissions: [{ ...rule, action: ['length'] }] },
      { what: 'the action *', permissions: [{ ...rule, action: '*' }] },
      { what: 'no action', permissions: [{ ...rule, action: [] }] },
      { what: 'an action that is a list', permissions: [{ ...rule, action: [['read']] }] },
      { what: 'an inverted rule', permissions: [{ ...rule, inverted: true }] },
      { what: 'a rule that is inverted in words', permissions: [{ ...rule, inverted: 'true' }] },
      { what: 'a rule with conditions', permissions: [{ ...rule, conditions: { identityId: 'x' } }] },
      { what: 'a rule that is none', permissions: ['identity'] },
      { what: 'a rule that is a list', permissions: [[]] },
      { what: 'rules that are no list', permissions: rule },
      { what: 'more than 100 rules', permissions: Array.from({ length: 101 }, () => rule) },
      { what: 'an empty slug', slug: '' },
      { what: 'a slug of 65 characters', slug: 'a'.repeat(65) },
      { what: 'a slug in upper case', slug: 'Reader' },
      { what: 'a slug with a blank', slug: ' reader' },
      { what: 'a slug that ends in a hyphen', slug: 'reader-' },
      { what: 'a name of 256 characters', name: 'n'.repeat(256) },
      { what: 'NUL in the description', description: 'a\0b' },
      { what: 'a description of 1025 characters', description: 'd'.repeat(1025) },
    ])('refuses $what', async (body) => {
      expect(await createRole(body)).toMatchObject({ status: 422, body: { error: 'ValidationFailure' } });
    });

    it('refuses a prototype key for a subject', async () => {
      const answer = await createRole({ permissions: [{ subject: '__proto__', action: ['toString'] }] });
      expect(answer.status).toBe(422);
    });

    it('takes 100 rules', async () => {
      expect((await createRole({ permissions: Array.from({ length: 100 }, () => rule) })).status).toBe(200);
    });
  });
});
