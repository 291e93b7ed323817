import { SubOrganizationMembers } from '../support/sub-organization-members.js';
import { TestApp } from '../support/test-app.js';

const UNKNOWN = '01900000-0000-7000-8000-000000000000';
const GRANT = { subject: 'sub-organization', action: ['grant-privileges'] };
const VERIFY = { subject: 'access-token', action: ['introspect', 'follow-revocations'] };

describe('PATCH /api/v1/sub-organizations/{subOrgId}/memberships/{identityId}', () => {
  let app: TestApp;
  let members: SubOrganizationMembers;
  beforeAll(async () => {
    app = await TestApp.start();
    members = new SubOrganizationMembers(app);
  });
  afterAll(() => app.stop());

  const use = async (token: string) => (await app.http.get('/api/v1/identities/details', { token })).status;

  /** A sub-organization with an identity in it. */
  const given = async (role = 'no-access') => {
    const root = await app.given.root();
    const { id: identityId } = await app.given.identity();
    const sub = await app.given.subOrganization({ [root.identityId]: 'admin', [identityId]: role });
    const mine = async () =>
      (await members.of(sub.id)).find((member) => 'identityId' in member && member.identityId === identityId);
    return { token: root.token, sub, identityId, mine };
  };

  describe('200', () => {
    it('changes the role and leaves the rest', async () => {
      const { token, sub, identityId, mine } = await given();
      const createdAt = app.clock.now().toISOString();
      app.clock.advance(5);
      const { status, body } = await members.update(sub.id, identityId, token, { role: 'member' });
      expect(status).toBe(200);
      expect(body).toEqual({
        membership: {
          id: expect.any(String),
          orgId: sub.id,
          identityId,
          role: 'member',
          roleId: null,
          isActive: true,
          createdAt,
          updatedAt: app.clock.now().toISOString(),
        },
      });
      expect(await mine()).toEqual({ identityId, role: 'member', roleId: null, isActive: true });
    });

    it("changes to a role of the sub-organization's own, and back", async () => {
      const { token, sub, identityId, mine } = await given();
      const role = await members.role(sub.id, [{ subject: 'identity', action: ['read'] }]);
      await members.update(sub.id, identityId, token, { role: role.slug });
      expect(await mine()).toMatchObject({ role: 'custom', roleId: role.id });
      await members.update(sub.id, identityId, token, { role: 'member' });
      expect(await mine()).toMatchObject({ role: 'member', roleId: null });
    });

    it('holds at once for what is done with tokens that are out', async () => {
      const { token, sub, identityId } = await given('admin');
      const { accessToken } = await app.given.mint(identityId, { organizationSlug: sub.slug });
      const create = async () =>
        app.http.post('/api/v1/identities', { token: accessToken, body: { name: 'n', organizationId: sub.id } });
      expect((await create()).status).toBe(200);
      await members.update(sub.id, identityId, token, { role: 'member' });
      expect((await create()).body).toMatchObject({ error: 'PermissionDenied' });
    });

    it('refuses its tokens there while it is off, takes them again when it is on, and leaves its others alone', async () => {
      const { token, sub, identityId, mine } = await given();
      const below = await app.given.mint(identityId, { organizationSlug: sub.slug });
      const above = await app.given.mint(identityId);
      await members.update(sub.id, identityId, token, { isActive: false });
      expect(await mine()).toMatchObject({ role: 'no-access', isActive: false });
      expect([await use(below.accessToken), await use(above.accessToken)]).toEqual([401, 200]);
      await expect(app.given.mint(identityId, { organizationSlug: sub.slug })).rejects.toThrow('400');
      await members.update(sub.id, identityId, token, { isActive: true });
      expect([await use(below.accessToken), await use(above.accessToken)]).toEqual([200, 200]);
    });

    it('tells those who judge from memory, and ends nothing', async () => {
      const { token, sub, identityId } = await given();
      await members.update(sub.id, identityId, token, { isActive: false });
      expect(
        await app.db.query('SELECT effect, scope, organization_id FROM revocation WHERE key = $1', [
          `${identityId}:${sub.id}`,
        ]),
      ).toEqual([{ effect: 'changed', scope: 'identity-organization', organization_id: sub.id }]);
    });

    it('needs the permission and both roles, and is noted in the audit log', async () => {
      const { sub, identityId } = await given('verifier');
      const caller = await members.manager([GRANT, VERIFY]);
      expect((await members.update(sub.id, identityId, caller.token, { role: 'no-access' })).status).toBe(200);
      expect(await members.eventsOf(caller.id)).toEqual([
        {
          event: 'update-sub-organization-membership',
          outcome: 'success',
          identityId,
          details: {
            subOrgId: sub.id,
            role: 'no-access',
            isActive: true,
            changes: { role: { from: 'verifier', to: 'no-access' } },
          },
        },
      ]);
    });
  });

  describe('403', () => {
    it.each(['no-access', 'member', 'verifier'])('needs more than the role %s', async (role) => {
      const { sub, identityId, mine } = await given();
      const caller = await app.given.identity({ role });
      expect((await members.update(sub.id, identityId, caller.token, { isActive: false })).body).toMatchObject({
        error: 'PermissionDenied',
      });
      expect(await mine()).toMatchObject({ isActive: true });
      expect(await members.eventsOf(caller.id)).toMatchObject([
        { event: 'update-sub-organization-membership', outcome: 'refused', identityId },
      ]);
    });

    it.each([
      { what: 'gives no stronger role', before: 'no-access', body: { role: 'admin' } },
      { what: 'takes no stronger role away', before: 'admin', body: { role: 'no-access' } },
      { what: 'switches no stronger member off', before: 'admin', body: { isActive: false } },
      { what: 'says nothing of a stronger member', before: 'admin', body: {} },
    ])('$what', async ({ before, body }) => {
      const { sub, identityId, mine } = await given(before);
      const caller = await members.manager([GRANT, VERIFY]);
      await app.given.membership(sub.id, caller.id, 'admin');
      expect((await members.update(sub.id, identityId, caller.token, body)).body).toMatchObject({
        statusCode: 403,
        error: 'PermissionBoundaryError',
      });
      expect(await mine()).toEqual({ identityId, role: before, roleId: null, isActive: true });
    });

    it('denies switching a membership on without what creating a token for the identity needs in the root', async () => {
      const root = await app.given.root();
      const { token } = root;
      const sub = await app.given.subOrganization();
      await members.add(sub.id, root.identityId, token, { isActive: false });
      const weak = await members.manager([GRANT]);
      expect((await members.update(sub.id, root.identityId, weak.token, { isActive: true })).body).toMatchObject({
        error: 'PermissionDenied',
        message: 'You are not allowed to create-token on identity',
      });
      const issuer = await members.manager([GRANT, { subject: 'identity', action: ['create-token'] }]);
      expect((await members.update(sub.id, root.identityId, issuer.token, { isActive: true })).body).toMatchObject({
        error: 'PermissionBoundaryError',
      });
      expect(await members.of(sub.id)).toContainEqual(
        expect.objectContaining({ identityId: root.identityId, isActive: false }),
      );
      expect((await members.update(sub.id, root.identityId, weak.token, { isActive: false })).status).toBe(200);
      expect((await members.update(sub.id, root.identityId, token, { isActive: true })).status).toBe(200);
    });

    it('measures a role of its own by its rules', async () => {
      const { sub, identityId, mine } = await given();
      const caller = await members.manager([GRANT, VERIFY]);
      const [weak, strong] = [
        await members.role(sub.id, [VERIFY]),
        await members.role(sub.id, [{ subject: 'role', action: ['edit'] }]),
      ];
      expect((await members.update(sub.id, identityId, caller.token, { role: weak.slug })).status).toBe(200);
      expect((await members.update(sub.id, identityId, caller.token, { role: strong.slug })).status).toBe(403);
      await app.db.query('UPDATE membership SET role_id = $1 WHERE identity_id = $2 AND role_id = $3', [
        strong.id,
        identityId,
        weak.id,
      ]);
      expect((await members.update(sub.id, identityId, caller.token, { role: 'no-access' })).status).toBe(403);
      expect(await mine()).toMatchObject({ roleId: strong.id });
    });

    it('raises nobody by two steps: a role below is no power to give', async () => {
      const caller = await members.manager([GRANT]);
      const sub = await app.given.subOrganization({ [caller.id]: 'no-access' });
      expect((await members.update(sub.id, caller.id, caller.token, { role: 'member' })).status).toBe(403);
      await app.db.query(`UPDATE membership SET role = 'admin' WHERE organization_id = $1`, [sub.id]);
      const second = await app.given.subOrganization({ [caller.id]: 'no-access' });
      expect((await members.update(second.id, caller.id, caller.token, { role: 'admin' })).status).toBe(403);
    });

    it('takes only identities that the root owns', async () => {
      const { token, sub, identityId, mine } = await given();
      await app.db.query('UPDATE identity SET organization_id = $1 WHERE id = $2', [sub.id, identityId]);
      expect((await members.update(sub.id, identityId, token, { isActive: false })).body).toMatchObject({
        statusCode: 403,
        error: 'ForbiddenError',
      });
      expect(await mine()).toMatchObject({ isActive: true });
    });
  });

  describe('404', () => {
    it('tells unknown, foreign and malformed ids alike, with no side effect', async () => {
      const { token, sub, identityId } = await given();
      const other = await app.given.otherRoot();
      const foreign = await app.given.subOrganization({ [other.identityId]: 'member', [identityId]: 'member' }, other);
      const { token: weak } = await app.given.identity();
      for (const caller of [token, weak]) {
        for (const id of [UNKNOWN, foreign.id, 'no-uuid', '%00'])
          expect((await members.update(id, identityId, caller, { isActive: false })).body).toMatchObject({
            statusCode: 404,
            message: 'Sub-organization not found',
          });
        for (const id of [UNKNOWN, other.identityId, 'no-uuid', '%00'])
          expect((await members.update(sub.id, id, caller, { isActive: false })).body).toMatchObject({
            statusCode: 404,
            message: 'Identity not found',
          });
      }
      expect(await members.of(foreign.id)).toMatchObject([{ isActive: true }, { isActive: true }]);
    });

    it('wants a member and a known role', async () => {
      const { token, sub, identityId } = await given();
      const outside = await app.given.bareIdentity();
      expect((await members.update(sub.id, outside, token, { role: 'member' })).body).toMatchObject({
        statusCode: 404,
        message: 'Membership not found',
      });
      expect((await members.update(sub.id, identityId, token, { role: 'unknown' })).body).toMatchObject({
        statusCode: 404,
        message: 'Role not found',
      });
    });

    it('knows no identity of the sub-organization alone', async () => {
      const { token, sub } = await given();
      const { accessToken } = await app.given.mint((await app.given.root()).identityId, { organizationSlug: sub.slug });
      const created = await app.http.post('/api/v1/identities', {
        token: accessToken,
        body: { name: 'below', organizationId: sub.id },
      });
      const id = created.body.identity.id as string;
      expect((await members.update(sub.id, id, token, { isActive: false })).body).toMatchObject({
        statusCode: 404,
        message: 'Identity not found',
      });
    });
  });

  describe('422', () => {
    it.each([{ role: '' }, { role: null }, { isActive: 'no' }, { isActive: null }, undefined])(
      'refuses %j',
      async (body) => {
        const { token, sub, identityId } = await given();
        expect((await members.update(sub.id, identityId, token, body)).body).toMatchObject({
          statusCode: 422,
          error: 'ValidationFailure',
        });
      },
    );
  });
});
