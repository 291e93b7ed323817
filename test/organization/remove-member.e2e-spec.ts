import { RevocationLog } from '../../src/revocation/revocation-log.service.js';
import { SubOrganizationMembers } from '../support/sub-organization-members.js';
import { TestApp } from '../support/test-app.js';

const UNKNOWN = '01900000-0000-7000-8000-000000000000';
const GRANT = { subject: 'sub-organization', action: ['grant-privileges'] };

describe('DELETE /api/v1/sub-organizations/{subOrgId}/memberships/{identityId}', () => {
  let app: TestApp;
  let members: SubOrganizationMembers;
  beforeAll(async () => {
    app = await TestApp.start();
    members = new SubOrganizationMembers(app);
  });
  afterAll(() => app.stop());
  afterEach(() => jest.restoreAllMocks());

  const use = async (token: string) => (await app.http.get('/api/v1/identities/details', { token })).status;

  /** A sub-organization with an identity in it, and a token of that one that works there. */
  const given = async (role = 'no-access') => {
    const root = await app.given.root();
    const { id: identityId } = await app.given.identity();
    const sub = await app.given.subOrganization({ [root.identityId]: 'admin', [identityId]: role });
    const { accessToken } = await app.given.mint(identityId, { organizationSlug: sub.slug });
    return { root, token: root.token, sub, identityId, below: accessToken };
  };

  describe('200', () => {
    it('answers what was removed', async () => {
      const { root, token, sub, identityId } = await given('member');
      const { status, body } = await members.remove(sub.id, identityId, token);
      expect(status).toBe(200);
      expect(body).toEqual({
        membership: {
          id: expect.any(String),
          orgId: sub.id,
          identityId,
          role: 'member',
          roleId: null,
          isActive: true,
          createdAt: expect.any(String),
          updatedAt: expect.any(String),
        },
      });
      expect(await members.of(sub.id)).toMatchObject([{ identityId: root.identityId }]);
    });

    it('ends its tokens there, also when it is added again, and no others', async () => {
      const { root, token, sub, identityId, below } = await given();
      const above = await app.given.mint(identityId);
      const mine = await app.given.mint(root.identityId, { organizationSlug: sub.slug });
      await members.remove(sub.id, identityId, token);
      expect(await Promise.all([below, above.accessToken, mine.accessToken].map(use))).toEqual([401, 200, 200]);
      await members.add(sub.id, identityId, token, {});
      expect(await use(below)).toBe(401);
      const anew = await app.given.mint(identityId, { organizationSlug: sub.slug });
      expect([await use(anew.accessToken), await use(below)]).toEqual([200, 401]);
    });

    it('shows its tokens as revoked, with one row in the log', async () => {
      const { root, token, sub, identityId } = await given();
      await members.remove(sub.id, identityId, token);
      await members.add(sub.id, identityId, token, {});
      const mine = await app.given.mint(root.identityId, { organizationSlug: sub.slug });
      const path = `/api/v1/auth/token-auth/identities/${identityId}/tokens`;
      expect((await app.http.get(path, { token: mine.accessToken })).body.tokens).toMatchObject([
        { isAccessTokenRevoked: true, subOrganizationId: sub.id },
      ]);
      expect(
        await app.db.query('SELECT effect, scope, organization_id FROM revocation WHERE key = $1', [
          `${identityId}:${sub.id}`,
        ]),
      ).toEqual([{ effect: 'revoked', scope: 'identity-organization', organization_id: sub.id }]);
    });

    it('leaves nothing alive of mints that race with it and with adding again', async () => {
      const { token, sub, identityId } = await given();
      const mints = Array.from({ length: 30 }, () =>
        app.http.post(`/api/v1/auth/token-auth/identities/${identityId}/tokens`, {
          token,
          body: { organizationSlug: sub.slug },
        }),
      );
      const answers = await Promise.all([...mints, members.remove(sub.id, identityId, token)]);
      expect(answers.filter(({ status }) => ![200, 403].includes(status))).toEqual([]);
      await members.add(sub.id, identityId, token, {});
      const minted = answers.filter(({ body }) => body.accessToken !== undefined);
      const uses = await Promise.all(minted.map(({ body }) => use(body.accessToken as string)));
      expect(uses.filter((status) => status !== 401)).toEqual([]);
    });

    it('holds the row that mints share before it draws its number', async () => {
      const { token, sub, identityId } = await given();
      const log = app.nest.get(RevocationLog);
      const revokeScope = log.revokeScope.bind(log);
      const free: unknown[] = [];
      const spy = jest.spyOn(log, 'revokeScope').mockImplementationOnce(async (...args) => {
        free.push(
          ...(await app.db.query<unknown[]>(
            'SELECT id FROM membership WHERE organization_id = $1 AND identity_id = $2 FOR SHARE SKIP LOCKED',
            [sub.id, identityId],
          )),
        );
        await revokeScope(...args);
      });
      expect((await members.remove(sub.id, identityId, token)).status).toBe(200);
      expect(spy).toHaveBeenCalledTimes(1);
      expect(free).toEqual([]);
    });

    it('happens once, by many at once too', async () => {
      const { token, sub, identityId } = await given();
      const answers = await Promise.all(Array.from({ length: 20 }, () => members.remove(sub.id, identityId, token)));
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
        200,
        ...Array.from({ length: 19 }, () => 404),
      ]);
    });

    it('needs the permission and the role that it takes, and is noted in the audit log', async () => {
      const { sub, identityId } = await given('no-access');
      const caller = await members.manager([GRANT]);
      expect((await members.remove(sub.id, identityId, caller.token)).status).toBe(200);
      expect(await members.eventsOf(caller.id)).toEqual([
        {
          event: 'delete-sub-organization-membership',
          outcome: 'success',
          identityId,
          details: {
            subOrgId: sub.id,
            role: 'no-access',
            isActive: true,
            changes: { role: { from: 'no-access' }, isActive: { from: true } },
          },
        },
      ]);
    });
  });

  describe('403', () => {
    it.each(['no-access', 'member', 'verifier'])('needs more than the role %s, and ends nothing', async (role) => {
      const { sub, identityId, below } = await given();
      const caller = await app.given.identity({ role });
      expect((await members.remove(sub.id, identityId, caller.token)).body).toMatchObject({
        error: 'PermissionDenied',
      });
      expect(await use(below)).toBe(200);
    });

    it('removes no member that can do there what the caller cannot in the root', async () => {
      const { sub, identityId, below } = await given('admin');
      const caller = await members.manager([GRANT]);
      await app.given.membership(sub.id, caller.id, 'admin');
      expect((await members.remove(sub.id, identityId, caller.token)).body).toMatchObject({
        error: 'PermissionBoundaryError',
      });
      expect(await use(below)).toBe(200);
    });
  });

  describe('404', () => {
    it('tells unknown, foreign and malformed ids alike, with no side effect', async () => {
      const { token, sub, identityId, below } = await given();
      const other = await app.given.otherRoot();
      const foreign = await app.given.subOrganization({ [other.identityId]: 'member', [identityId]: 'member' }, other);
      const outside = await app.given.bareIdentity();
      const ids = [
        ...[UNKNOWN, foreign.id, 'no-uuid', '%00'].map((id) => [id, identityId, 'Sub-organization not found']),
        ...[UNKNOWN, other.identityId, 'no-uuid', '%00'].map((id) => [sub.id, id, 'Identity not found']),
        [sub.id, outside, 'Membership not found'],
      ];
      for (const [subOrgId = '', id = '', message] of ids)
        expect((await members.remove(subOrgId, id, token)).body).toMatchObject({ statusCode: 404, message });
      expect(await use(below)).toBe(200);
      expect(await members.of(foreign.id)).toHaveLength(2);
    });

    it('lets no token of a sub-organization remove members', async () => {
      const { root, sub, identityId, below } = await given();
      const { accessToken } = await app.given.mint(root.identityId, { organizationSlug: sub.slug });
      expect((await members.remove(sub.id, identityId, accessToken)).status).toBe(404);
      expect(await use(below)).toBe(200);
    });
  });
});
