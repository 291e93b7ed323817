import { SubOrganizationMembers } from '../support/sub-organization-members.js';
import { TestApp } from '../support/test-app.js';

const UNKNOWN = '01900000-0000-7000-8000-000000000000';
const GRANT = { subject: 'sub-organization', action: ['grant-privileges'] };
const CREATE_TOKEN = { subject: 'identity', action: ['create-token'] };

describe('PUT /api/v1/sub-organizations/{subOrgId}/memberships/{identityId}', () => {
  let app: TestApp;
  let members: SubOrganizationMembers;
  beforeAll(async () => {
    app = await TestApp.start();
    members = new SubOrganizationMembers(app);
  });
  afterAll(() => app.stop());

  const given = async () => {
    const { token } = await app.given.root();
    return { token, sub: await app.given.subOrganization(), identityId: await app.given.bareIdentity() };
  };

  describe('200', () => {
    it('adds the identity, without access unless a role is named', async () => {
      const { token, sub, identityId } = await given();
      const { status, body } = await members.add(sub.id, identityId, token, {});
      expect(status).toBe(200);
      expect(body).toEqual({
        membership: {
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          orgId: sub.id,
          identityId,
          role: 'no-access',
          roleId: null,
          isActive: true,
          createdAt: app.clock.now().toISOString(),
          updatedAt: app.clock.now().toISOString(),
        },
      });
      expect(await members.of(sub.id)).toEqual([{ identityId, role: 'no-access', roleId: null, isActive: true }]);
    });

    it.each(['admin', 'member', 'verifier', 'no-access'])('gives the role %s', async (role) => {
      const { token, sub, identityId } = await given();
      expect((await members.add(sub.id, identityId, token, { role })).body.membership).toMatchObject({ role });
    });

    it("gives a role of the sub-organization's own", async () => {
      const { token, sub, identityId } = await given();
      const role = await members.role(sub.id, [{ subject: 'identity', action: ['read'] }]);
      expect((await members.add(sub.id, identityId, token, { role: role.slug })).body.membership).toMatchObject({
        role: 'custom',
        roleId: role.id,
      });
    });

    it('adds a membership that is switched off', async () => {
      const { token, sub, identityId } = await given();
      expect((await members.add(sub.id, identityId, token, { isActive: false })).status).toBe(200);
      expect(await members.of(sub.id)).toMatchObject([{ isActive: false }]);
    });

    it('lets tokens for the sub-organization be minted', async () => {
      const root = await app.given.root();
      const sub = await app.given.subOrganization({ [root.identityId]: 'admin' });
      const { id } = await app.given.identity();
      await members.add(sub.id, id, root.token, { role: 'member' });
      const { accessToken } = await app.given.mint(id, { organizationSlug: sub.slug });
      expect((await app.http.get('/api/v1/organization', { token: accessToken })).body.organizations).toMatchObject([
        { id: sub.id },
      ]);
    });

    it('takes ids in upper case for what they are', async () => {
      const { token, sub, identityId } = await given();
      expect(
        (await members.add(sub.id.toUpperCase(), identityId.toUpperCase(), token, {})).body.membership,
      ).toMatchObject({ orgId: sub.id, identityId });
    });

    it('needs the permission and what the role gives, and is noted in the audit log', async () => {
      const { sub, identityId } = await given();
      const caller = await members.manager([
        GRANT,
        CREATE_TOKEN,
        { subject: 'access-token', action: ['introspect', 'follow-revocations'] },
      ]);
      expect((await members.add(sub.id, identityId, caller.token, { role: 'verifier' })).status).toBe(200);
      expect(await members.eventsOf(caller.id)).toEqual([
        {
          event: 'create-sub-organization-membership',
          outcome: 'success',
          identityId,
          details: {
            subOrgId: sub.id,
            role: 'verifier',
            isActive: true,
            changes: { role: { to: 'verifier' }, isActive: { to: true } },
          },
        },
      ]);
    });
  });

  describe('400', () => {
    it('adds an identity once, by 50 at once too', async () => {
      const { token, sub, identityId } = await given();
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => members.add(sub.id, identityId, token, { role: 'member' })),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status !== 200).map(({ body }) => ({ ...body, reqId: '' }))).toEqual(
        Array.from({ length: 49 }, () => ({
          reqId: '',
          statusCode: 400,
          error: 'BadRequest',
          message: 'The identity is a member of the sub-organization already',
        })),
      );
      expect(await members.of(sub.id)).toHaveLength(1);
    });

    it('changes nothing of a membership that is there', async () => {
      const { token, sub, identityId } = await given();
      await app.given.membership(sub.id, identityId, 'member');
      expect((await members.add(sub.id, identityId, token, { role: 'admin', isActive: false })).status).toBe(400);
      expect(await members.of(sub.id)).toEqual([{ identityId, role: 'member', roleId: null, isActive: true }]);
    });
  });

  describe('403', () => {
    it.each(['no-access', 'member', 'verifier'])('needs more than the role %s', async (role) => {
      const { sub, identityId } = await given();
      const caller = await app.given.identity({ role });
      expect((await members.add(sub.id, identityId, caller.token, {})).body).toMatchObject({
        error: 'PermissionDenied',
        message: 'You are not allowed to grant-privileges on sub-organization',
      });
      expect(await members.of(sub.id)).toEqual([]);
      expect(await members.eventsOf(caller.id)).toMatchObject([
        { event: 'create-sub-organization-membership', outcome: 'refused', identityId, details: { subOrgId: sub.id } },
      ]);
    });

    it('gives nobody what the caller does not hold in the root, itself included', async () => {
      const { sub, identityId } = await given();
      const caller = await members.manager([GRANT]);
      await app.given.membership(sub.id, caller.id, 'admin');
      const strong = await members.role(sub.id, [{ subject: 'role', action: ['edit'] }]);
      for (const role of ['admin', 'member', 'verifier', strong.slug])
        expect((await members.add(sub.id, identityId, caller.token, { role })).body).toMatchObject({
          statusCode: 403,
          error: 'PermissionBoundaryError',
        });
      const other = await app.given.subOrganization();
      expect((await members.add(other.id, caller.id, caller.token, { role: 'admin' })).status).toBe(403);
      expect([await members.of(sub.id), await members.of(other.id)]).toMatchObject([[{ identityId: caller.id }], []]);
    });

    it('denies a caller without create-token in the root organization', async () => {
      const { sub, identityId } = await given();
      const caller = await members.manager([GRANT]);
      for (const body of [{}, { isActive: false }])
        expect((await members.add(sub.id, identityId, caller.token, body)).body).toMatchObject({
          error: 'PermissionDenied',
          message: 'You are not allowed to create-token on identity',
        });
      expect(await members.of(sub.id)).toEqual([]);
      expect(await members.eventsOf(caller.id)).toMatchObject([{ outcome: 'refused' }, { outcome: 'refused' }]);
    });

    it('denies adding an identity whose permissions in the root organization exceed those of the caller', async () => {
      const { sub } = await given();
      const root = await app.given.root();
      const caller = await members.manager([GRANT, CREATE_TOKEN]);
      const reader = await app.given.identity();
      await app.given.customRole(reader.id, [{ subject: 'audit-logs', action: ['read'] }]);
      for (const identityId of [root.identityId, reader.id, await app.given.bareIdentity({ role: 'member' })])
        expect((await members.add(sub.id, identityId, caller.token, {})).body).toMatchObject({
          statusCode: 403,
          error: 'PermissionBoundaryError',
        });
      expect(await members.of(sub.id)).toEqual([]);
    });

    it('gives no way to a token that names an administrator of the root organization', async () => {
      const root = await app.given.root();
      const attacker = await members.manager([
        { subject: 'sub-organization', action: ['create', 'grant-privileges', 'direct-access'] },
      ]);
      const { organization } = (
        await app.http.post('/api/v1/sub-organizations', {
          token: attacker.token,
          body: { name: `Own ${attacker.id}` },
        })
      ).body;
      expect((await members.add(organization.id, root.identityId, attacker.token, {})).status).toBe(403);
    });

    it('denies a role that can create tokens for a member whose root permissions exceed those of the caller', async () => {
      const { token, sub, identityId } = await given();
      const root = await app.given.root();
      expect((await members.add(sub.id, root.identityId, token, {})).status).toBe(200);
      const caller = await members.manager([GRANT, CREATE_TOKEN]);
      const issuer = await members.role(sub.id, [CREATE_TOKEN]);
      expect((await members.add(sub.id, identityId, caller.token, { role: issuer.slug })).body).toMatchObject({
        statusCode: 403,
        error: 'PermissionBoundaryError',
      });
      expect((await members.add(sub.id, identityId, caller.token, {})).status).toBe(200);
      expect((await members.update(sub.id, identityId, caller.token, { role: issuer.slug })).status).toBe(403);
      expect((await members.update(sub.id, identityId, token, { role: issuer.slug })).status).toBe(200);
    });

    it('gives a role with create-token where no member is out of reach of the caller', async () => {
      const { token, sub, identityId } = await given();
      const root = await app.given.root();
      await members.add(sub.id, root.identityId, token, { role: 'admin' });
      await members.add(sub.id, await app.given.bareIdentity({ role: 'member' }), token, { isActive: false });
      const caller = await members.manager([GRANT, CREATE_TOKEN]);
      const issuer = await members.role(sub.id, [CREATE_TOKEN]);
      expect((await members.add(sub.id, identityId, caller.token, { role: issuer.slug })).status).toBe(200);
    });

    it('takes only identities that the root owns', async () => {
      const { token, sub, identityId } = await given();
      const root = await app.given.root();
      const owner = await app.given.subOrganization();
      await app.db.query('UPDATE identity SET organization_id = $1 WHERE id = $2', [owner.id, identityId]);
      expect(await members.of(root.organizationId)).toContainEqual(expect.objectContaining({ identityId }));
      expect((await members.add(sub.id, identityId, token, {})).body).toMatchObject({
        statusCode: 403,
        error: 'ForbiddenError',
      });
      expect(await members.of(sub.id)).toEqual([]);
    });
  });

  describe('404', () => {
    it('tells unknown, foreign and malformed ids alike, to a caller without permission too', async () => {
      const { token, sub, identityId } = await given();
      const other = await app.given.otherRoot();
      const foreign = await app.given.subOrganization({}, other);
      const { token: weak } = await app.given.identity();
      for (const caller of [token, weak]) {
        for (const id of [UNKNOWN, foreign.id, 'no-uuid', '%00'])
          expect((await members.add(id, identityId, caller, {})).body).toMatchObject({
            statusCode: 404,
            message: 'Sub-organization not found',
          });
        for (const id of [UNKNOWN, other.identityId, 'no-uuid', '%00'])
          expect((await members.add(sub.id, id, caller, {})).body).toMatchObject({
            statusCode: 404,
            message: 'Identity not found',
          });
      }
      expect(await members.of(sub.id)).toEqual([]);
      expect(await members.of(foreign.id)).toEqual([]);
    });

    it('knows no deleted identity', async () => {
      const { token, sub, identityId } = await given();
      await app.db.query('UPDATE identity SET deleted_at = now() WHERE id = $1', [identityId]);
      expect((await members.add(sub.id, identityId, token, {})).status).toBe(404);
    });

    it('knows no role of the root or of another sub-organization', async () => {
      const { token, sub, identityId } = await given();
      const { organizationId } = await app.given.root();
      const other = await app.given.subOrganization();
      const roles = [await members.role(organizationId, []), await members.role(other.id, [])];
      for (const role of [...roles.map(({ slug }) => slug), 'unknown', 'custom', 'constructor'])
        expect((await members.add(sub.id, identityId, token, { role })).body).toMatchObject({
          statusCode: 404,
          message: 'Role not found',
        });
    });

    it('lets no token of a sub-organization add members', async () => {
      const root = await app.given.root();
      const sub = await app.given.subOrganization({ [root.identityId]: 'admin' });
      const { accessToken } = await app.given.mint(root.identityId, { organizationSlug: sub.slug });
      expect((await members.add(sub.id, await app.given.bareIdentity(), accessToken, {})).status).toBe(404);
    });
  });

  describe('422', () => {
    it.each([
      { role: '' },
      { role: 5 },
      { role: null },
      { role: 'r'.repeat(65) },
      { role: 'nul \0' },
      { isActive: 'yes' },
      { isActive: null },
      { isActive: 1 },
      undefined,
      [],
    ])('refuses %j', async (body) => {
      const { token, sub, identityId } = await given();
      expect((await members.add(sub.id, identityId, token, body)).body).toMatchObject({
        statusCode: 422,
        error: 'ValidationFailure',
      });
    });
  });
});
