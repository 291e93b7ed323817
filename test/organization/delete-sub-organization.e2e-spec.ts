import { RevocationLog } from '../../src/revocation/revocation-log.service.js';
import { refusal, told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';
import { withoutTriggers } from '../support/without-triggers.js';

const UNKNOWN = '01900000-0000-7000-8000-000000000000';

describe('DELETE /api/v1/sub-organizations/{subOrgId}', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());
  afterEach(() => jest.restoreAllMocks());

  const remove = (id: string, token?: string) => app.http.delete(`/api/v1/sub-organizations/${id}`, { token });
  const use = async (token: string) => (await app.http.get('/api/v1/identities/details', { token })).status;

  /** A sub-organization with the root's administrator as admin, and a token of it that works there. */
  const givenScope = async () => {
    const root = await app.given.root();
    const sub = await app.given.subOrganization({ [root.identityId]: 'admin' });
    const { accessToken } = await app.given.mint(root.identityId, { organizationSlug: sub.slug });
    return { root, sub, token: accessToken };
  };

  describe('200', () => {
    it('answers what was deleted', async () => {
      const { root, sub } = await givenScope();
      const { status, body } = await remove(sub.id, root.token);
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
    });

    it('ends the tokens that work in it, with one row, and no others', async () => {
      const { root, sub, token } = await givenScope();
      const other = await givenScope();
      expect(await use(token)).toBe(200);
      await remove(sub.id, root.token);
      expect(await Promise.all([token, root.token, other.token].map(use))).toEqual([401, 200, 200]);
      expect(
        await app.db.query(`SELECT effect, scope, organization_id FROM revocation WHERE key = $1`, [sub.id]),
      ).toEqual([{ effect: 'revoked', scope: 'organization', organization_id: sub.id }]);
    });

    it('keeps its tokens dead, though the row should come back', async () => {
      const { root, sub, token } = await givenScope();
      await remove(sub.id, root.token);
      await withoutTriggers(app.db, 'UPDATE organization SET deleted_at = NULL WHERE id = $1', [sub.id]);
      expect(await use(token)).toBe(401);
    });

    it('leaves nothing alive of mints that race with it', async () => {
      const { root, sub } = await givenScope();
      const mints = Array.from({ length: 30 }, () =>
        app.http.post(`/api/v1/auth/token-auth/identities/${root.identityId}/tokens`, {
          token: root.token,
          body: { organizationSlug: sub.slug },
        }),
      );
      const answers = await Promise.all([...mints, remove(sub.id, root.token)]);
      expect(answers.filter(({ status }) => ![200, 404].includes(status))).toEqual([]);
      const minted = answers.filter(({ body }) => body.accessToken !== undefined);
      const uses = await Promise.all(minted.map(({ body }) => use(body.accessToken as string)));
      expect(uses.filter((status) => status !== 401)).toEqual([]);
    });

    it('holds the row that mints share before it draws its number', async () => {
      const { root, sub } = await givenScope();
      const log = app.nest.get(RevocationLog);
      const revokeScope = log.revokeScope.bind(log);
      const free: unknown[] = [];
      const spy = jest.spyOn(log, 'revokeScope').mockImplementationOnce(async (...args) => {
        free.push(
          ...(await app.db.query<unknown[]>('SELECT id FROM organization WHERE id = $1 FOR SHARE SKIP LOCKED', [
            sub.id,
          ])),
        );
        await revokeScope(...args);
      });
      expect((await remove(sub.id, root.token)).status).toBe(200);
      expect(spy).toHaveBeenCalledTimes(1);
      expect(free).toEqual([]);
    });

    it('frees the slug, for one that the old tokens have no part in', async () => {
      const { root, sub, token } = await givenScope();
      await remove(sub.id, root.token);
      const again = await app.http.post('/api/v1/sub-organizations', {
        token: root.token,
        body: { name: 'Again', slug: sub.slug },
      });
      expect(again.status).toBe(200);
      expect(again.body.organization.id).not.toBe(sub.id);
      expect(await use(token)).toBe(401);
      await app.given.mint(root.identityId, { organizationSlug: sub.slug });
    });

    it('makes it unknown to every operation', async () => {
      const { root, sub } = await givenScope();
      await remove(sub.id, root.token);
      const path = `/api/v1/sub-organizations/${sub.id}`;
      const { token } = root;
      const answers = await Promise.all([
        remove(sub.id, token),
        app.http.patch(path, { token, body: { name: 'New name' } }),
        app.http.post(`${path}/memberships`, { token }),
        app.http.put(`${path}/memberships/${root.identityId}`, { token, body: {} }),
        app.http.patch(`${path}/memberships/${root.identityId}`, { token, body: {} }),
        app.http.delete(`${path}/memberships/${root.identityId}`, { token }),
      ]);
      expect(answers.map(({ body }) => ({ ...body, reqId: '' }))).toEqual(
        answers.map(() => ({ reqId: '', statusCode: 404, error: 'NotFound', message: 'Sub-organization not found' })),
      );
      await expect(app.given.mint(root.identityId, { organizationSlug: sub.slug })).rejects.toThrow('404');
    });

    it('happens once, by many at once too', async () => {
      const { root, sub } = await givenScope();
      const answers = await Promise.all(Array.from({ length: 20 }, () => remove(sub.id, root.token)));
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
        200,
        ...Array.from({ length: 19 }, () => 404),
      ]);
    });

    it('needs the one permission alone, and is noted in the audit log', async () => {
      const { sub } = await givenScope();
      const caller = await app.given.identity();
      await app.given.customRole(caller.id, [{ subject: 'sub-organization', action: ['delete'] }]);
      expect((await remove(sub.id, caller.token)).status).toBe(200);
      expect(
        await app.db.query(`SELECT event, outcome, details FROM audit_event WHERE actor_identity_id = $1`, [caller.id]),
      ).toEqual([
        {
          event: 'delete-sub-organization',
          outcome: 'success',
          details: {
            subOrgId: sub.id,
            slug: sub.slug,
            changes: { name: { from: sub.slug }, slug: { from: sub.slug } },
          },
        },
      ]);
    });
  });

  describe('400', () => {
    /** An identity under delete protection that an organization owns. */
    const givenProtected = async (organizationId: string, token: string): Promise<string> => {
      const body = { name: 'protected', organizationId, hasDeleteProtection: true };
      return (await app.http.post('/api/v1/identities', { token, body })).body.identity.id as string;
    };

    it('returns 400 while it owns an identity with delete protection, and revokes nothing', async () => {
      const { root, sub, token } = await givenScope();
      const id = await givenProtected(sub.id, token);
      const answer = await remove(sub.id, root.token);
      expect(told(answer)).toEqual(refusal(400, 'BadRequest'));
      expect(await use(token)).toBe(200);
      await app.http.patch(`/api/v1/identities/${id}`, { token, body: { hasDeleteProtection: false } });
      expect((await remove(sub.id, root.token)).status).toBe(200);
    });

    it('does not count identities that were deleted, that another organization owns, or that are not protected', async () => {
      const { root, sub, token } = await givenScope();
      const deleted = await givenProtected(sub.id, token);
      await app.db.query('UPDATE identity SET deleted_at = now() WHERE id = $1', [deleted]);
      await app.given.membership(sub.id, await givenProtected(root.organizationId, root.token), 'member');
      const body = { name: 'not protected', organizationId: sub.id };
      await app.http.post('/api/v1/identities', { token, body });
      expect((await remove(sub.id, root.token)).status).toBe(200);
    });

    it('keeps every identity whose protection was acknowledged while it was to be deleted', async () => {
      const { root, sub, token } = await givenScope();
      const body = { name: 'protected', organizationId: sub.id, hasDeleteProtection: true };
      const [deletion, ...creations] = await Promise.all([
        remove(sub.id, root.token),
        ...Array.from({ length: 5 }, () => app.http.post('/api/v1/identities', { token, body })),
      ]);
      const created = creations.filter(({ status }) => status === 200).length;
      expect([deletion?.status, created > 0]).toEqual(created > 0 ? [400, true] : [200, false]);
    });
  });

  describe('403', () => {
    it('is the answer without the permission, also while an identity in it has delete protection', async () => {
      const { sub, token } = await givenScope();
      const body = { name: 'protected', organizationId: sub.id, hasDeleteProtection: true };
      await app.http.post('/api/v1/identities', { token, body });
      const caller = await app.given.identity({ role: 'member' });
      expect((await remove(sub.id, caller.token)).body).toMatchObject({ error: 'PermissionDenied' });
    });

    it.each(['no-access', 'member', 'verifier'])('needs more than the role %s, and ends nothing', async (role) => {
      const { sub, token } = await givenScope();
      const caller = await app.given.identity({ role });
      expect((await remove(sub.id, caller.token)).body).toMatchObject({ error: 'PermissionDenied' });
      expect(await use(token)).toBe(200);
    });
  });

  describe('404', () => {
    it('tells unknown, foreign and malformed ids and roots alike, with no side effect', async () => {
      const root = await app.given.root();
      const other = await app.given.otherRoot();
      const foreign = await app.given.subOrganization({ [other.identityId]: 'admin' }, other);
      const { accessToken } = await app.given.mint(other.identityId, { organizationSlug: foreign.slug }, other.token);
      const ids = [UNKNOWN, foreign.id, root.organizationId, other.organizationId, 'no-uuid', '%00'];
      const answers = await Promise.all(ids.map((id) => remove(id, root.token)));
      expect(answers.map(({ body }) => ({ ...body, reqId: '' }))).toEqual(
        answers.map(() => ({ reqId: '', statusCode: 404, error: 'NotFound', message: 'Sub-organization not found' })),
      );
      expect(await Promise.all([accessToken, other.token, root.token].map(use))).toEqual([200, 200, 200]);
    });

    it('lets no token of a sub-organization delete it', async () => {
      const { sub, token } = await givenScope();
      expect((await remove(sub.id, token)).status).toBe(404);
      expect(await use(token)).toBe(200);
    });
  });
});
