import { TestApp } from '../support/test-app.js';

const UNKNOWN = '01900000-0000-7000-8000-000000000000';

describe('POST /api/v1/sub-organizations/{subOrgId}/memberships', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const join = (id: string, token?: string, body?: unknown) =>
    app.http.post(`/api/v1/sub-organizations/${id}/memberships`, { token, body });
  const membersOf = async (id: string): Promise<object[]> =>
    app.db.query('SELECT identity_id, role, role_id, is_active FROM membership WHERE organization_id = $1', [id]);

  describe('200', () => {
    it('adds the caller with the role that it has in the root, and answers the sub-organization', async () => {
      const root = await app.given.root();
      const sub = await app.given.subOrganization();
      const { status, body } = await join(sub.id, root.token);
      expect(status).toBe(200);
      expect(body).toEqual({
        organization: {
          id: sub.id,
          name: sub.slug,
          slug: sub.slug,
          createdAt: expect.any(String),
          updatedAt: expect.any(String),
          parentOrgId: root.organizationId,
        },
      });
      expect(await membersOf(sub.id)).toEqual([
        { identity_id: root.identityId, role: 'admin', role_id: null, is_active: true },
      ]);
      await app.given.mint(root.identityId, { organizationSlug: sub.slug });
    });

    it('gives nothing to a caller with a role of the root alone', async () => {
      const sub = await app.given.subOrganization();
      const caller = await app.given.identity();
      await app.given.customRole(caller.id, [
        { subject: 'sub-organization', action: ['direct-access'] },
        { subject: 'identity', action: ['create-token'] },
      ]);
      expect((await join(sub.id, caller.token)).status).toBe(200);
      expect(await membersOf(sub.id)).toEqual([
        { identity_id: caller.id, role: 'no-access', role_id: null, is_active: true },
      ]);
    });

    it('takes no other identity and no role from a body', async () => {
      const root = await app.given.root();
      const sub = await app.given.subOrganization();
      const caller = await app.given.identity();
      await app.given.customRole(caller.id, [{ subject: 'sub-organization', action: ['direct-access'] }]);
      const body = { identityId: root.identityId, role: 'admin', organizationId: root.organizationId };
      expect((await join(sub.id, caller.token, body)).status).toBe(200);
      expect(await membersOf(sub.id)).toMatchObject([{ identity_id: caller.id, role: 'no-access' }]);
    });

    it.each([
      { what: 'no body', options: {} },
      { what: 'a JSON content type and no body', options: { headers: { 'content-type': 'application/json' } } },
      { what: 'an empty object', options: { body: {} } },
      {
        what: 'a form',
        options: { body: 'subOrgId=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      },
    ])('takes $what', async ({ options }) => {
      const { token } = await app.given.root();
      const sub = await app.given.subOrganization();
      expect(
        (await app.http.post(`/api/v1/sub-organizations/${sub.id}/memberships/`, { token, ...options })).status,
      ).toBe(200);
    });

    it('is noted in the audit log', async () => {
      const root = await app.given.root();
      const sub = await app.given.subOrganization();
      await join(sub.id, root.token);
      expect(
        await app.db.query(
          `SELECT event, outcome, identity_id, organization_id, details FROM audit_event WHERE details->>'subOrgId' = $1`,
          [sub.id],
        ),
      ).toEqual([
        {
          event: 'create-sub-organization-membership',
          outcome: 'success',
          identity_id: root.identityId,
          organization_id: root.organizationId,
          details: {
            subOrgId: sub.id,
            role: 'admin',
            isActive: true,
            changes: { role: { to: 'admin' }, isActive: { to: true } },
          },
        },
      ]);
    });
  });

  describe('400', () => {
    it('lets a caller join once, by 50 at once too', async () => {
      const root = await app.given.root();
      const sub = await app.given.subOrganization();
      const answers = await Promise.all(Array.from({ length: 50 }, () => join(sub.id, root.token)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status !== 200).map(({ body }) => ({ ...body, reqId: '' }))).toEqual(
        Array.from({ length: 49 }, () => ({
          reqId: '',
          statusCode: 400,
          error: 'BadRequest',
          message: 'The identity is a member of the sub-organization already',
        })),
      );
      expect(await membersOf(sub.id)).toHaveLength(1);
    });

    it('is no way to switch a membership on again', async () => {
      const root = await app.given.root();
      const sub = await app.given.subOrganization({ [root.identityId]: 'member' });
      await app.db.query('UPDATE membership SET is_active = false WHERE organization_id = $1', [sub.id]);
      expect((await join(sub.id, root.token)).status).toBe(400);
      expect(await membersOf(sub.id)).toMatchObject([{ role: 'member', is_active: false }]);
    });
  });

  describe('403', () => {
    it.each(['no-access', 'member', 'verifier'])('needs more than the role %s, and adds nobody', async (role) => {
      const sub = await app.given.subOrganization();
      const caller = await app.given.identity({ role });
      expect((await join(sub.id, caller.token)).body).toMatchObject({
        error: 'PermissionDenied',
        message: 'You are not allowed to direct-access on sub-organization',
      });
      expect(await membersOf(sub.id)).toEqual([]);
      expect(
        await app.db.query(`SELECT event, outcome FROM audit_event WHERE actor_identity_id = $1`, [caller.id]),
      ).toEqual([{ event: 'create-sub-organization-membership', outcome: 'refused' }]);
    });
  });

  describe('404', () => {
    it('tells unknown, foreign and malformed ids and roots alike, with no side effect', async () => {
      const root = await app.given.root();
      const other = await app.given.otherRoot();
      const foreign = await app.given.subOrganization({}, other);
      const ids = [UNKNOWN, foreign.id, root.organizationId, other.organizationId, 'no-uuid', '%00'];
      const answers = await Promise.all(ids.map((id) => join(id, root.token)));
      expect(answers.map(({ body }) => ({ ...body, reqId: '' }))).toEqual(
        answers.map(() => ({ reqId: '', statusCode: 404, error: 'NotFound', message: 'Sub-organization not found' })),
      );
      expect(await membersOf(foreign.id)).toEqual([]);
    });

    it('lets no token of a sub-organization join another', async () => {
      const root = await app.given.root();
      const sub = await app.given.subOrganization({ [root.identityId]: 'admin' });
      const other = await app.given.subOrganization();
      const { accessToken } = await app.given.mint(root.identityId, { organizationSlug: sub.slug });
      expect((await join(other.id, accessToken)).status).toBe(404);
      expect(await membersOf(other.id)).toEqual([]);
    });
  });
});
