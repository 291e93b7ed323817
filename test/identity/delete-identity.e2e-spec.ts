import { refusal, tally, told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi, UNKNOWN_ID } from '../support/token-auth-api.js';
import { withoutTriggers } from '../support/without-triggers.js';

describe('DELETE /api/v1/identities/{identityId}', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());

  const remove = async (id: string, token?: string) =>
    app.http.delete(`/api/v1/identities/${id}`, { token: token ?? (await app.given.root()).token });
  const read = async (id: string) =>
    (await app.http.get(`/api/v1/identities/${id}`, { token: (await app.given.root()).token })).status;

  describe('200', () => {
    it('answers the identity, and every read then knows it no more', async () => {
      const { organizationId, token: admin } = await app.given.root();
      const { id, token, tokenId } = await app.given.identity();
      expect(told(await remove(id))).toEqual({
        status: 200,
        body: {
          identity: {
            id,
            name: 'an identity',
            orgId: organizationId,
            hasDeleteProtection: false,
            authMethod: null,
            projectId: null,
            createdAt: expect.any(String),
            updatedAt: expect.any(String),
          },
        },
      });
      expect(await api.use(token)).toBe(401);
      const answers = [await api.config(id), await api.list(id), await api.read(tokenId), await api.mint(id)];
      expect([await read(id), ...answers.map(({ status }) => status), (await remove(id)).status]).toEqual(
        Array.from({ length: 6 }, () => 404),
      );
      const { identities } = (await app.http.get(`/api/v1/identities?orgId=${organizationId}`, { token: admin })).body;
      expect(JSON.stringify(identities)).not.toContain(id);
    });

    it('costs the same with 100 000 tokens: one mark and one entry, and no token row is touched', async () => {
      const { id, tokenId } = await app.given.identity();
      for (let batch = 0; batch < 20; batch += 1) {
        await app.db.query(
          `INSERT INTO access_token (id, identity_id, organization_id, kid, auth_method, ttl, max_ttl, num_uses_limit,
             num_uses, epoch, expires_at, created_at, updated_at)
           SELECT gen_random_uuid(), identity_id, organization_id, kid, auth_method, ttl, max_ttl, num_uses_limit,
             num_uses, epoch, expires_at, created_at, updated_at
           FROM access_token, generate_series(1, 5000) WHERE id = $1`,
          [tokenId],
        );
      }
      const versions = (): Promise<object[]> =>
        app.db.query('SELECT DISTINCT xmin::text FROM access_token WHERE identity_id = $1 ORDER BY 1', [id]);
      const before = await versions();
      expect((await remove(id)).status).toBe(200);
      expect(await versions()).toEqual(before);
      expect(await app.db.query('SELECT effect, scope FROM revocation WHERE key = $1', [id])).toEqual([
        { effect: 'revoked', scope: 'identity' },
      ]);
    });

    it('leaves nothing alive of mints that race with it', async () => {
      const { id } = await app.given.identity();
      const mints = Array.from({ length: 20 }, () => api.mint(id));
      const answers = await Promise.all([...mints, remove(id)]);
      expect(answers.filter(({ status }) => ![200, 404].includes(status))).toEqual([]);
      const texts = answers
        .map(({ body }) => body.accessToken as string | undefined)
        .filter((text) => text !== undefined);
      expect(await Promise.all(texts.map((text) => api.use(text)))).toEqual(texts.map(() => 401));
    });

    it('leaves an identity of the same name and id nothing of the old tokens (CVE-2026-55670)', async () => {
      const { id, token } = await app.given.identity({ role: 'member' });
      await remove(id);
      await withoutTriggers(app.db, `UPDATE identity SET deleted_at = NULL WHERE id = $1`, [id]);
      expect(await api.use(token)).toBe(401);
      const { accessToken } = await app.given.mint(id);
      expect(await api.use(accessToken)).toBe(200);
      expect(await api.use(token)).toBe(401);
    });

    it('only ends the membership, from an organization that does not own it', async () => {
      const { identityId } = await app.given.root();
      const { id, token } = await app.given.identity({ role: 'admin' });
      const sub = await app.given.subOrganization({ [identityId]: 'admin', [id]: 'member' });
      const { accessToken: here } = await app.given.mint(identityId, { organizationSlug: sub.slug });
      const { accessToken } = await app.given.mint(id, { organizationSlug: sub.slug });
      expect((await remove(id, here)).status).toBe(200);
      expect([await api.use(accessToken), await api.use(token), await read(id)]).toEqual([401, 200, 200]);
      expect((await remove(id, here)).status).toBe(404);
      await app.given.membership(sub.id, id, 'member');
      expect(await api.use(accessToken)).toBe(401);
    });

    it('frees the role that it held', async () => {
      const { token } = await app.given.root();
      const { id } = await app.given.identity();
      const roleId = await app.given.customRole(id, [{ subject: 'identity', action: ['read'] }]);
      const deleteRole = () => app.http.delete(`/api/v1/organization/roles/${roleId}`, { token });
      expect((await deleteRole()).status).toBe(400);
      await remove(id);
      expect((await deleteRole()).status).toBe(200);
    });

    it('lets an administrator who is not the last delete itself', async () => {
      const { id, token } = await app.given.identity({ role: 'admin' });
      expect((await remove(id, token)).status).toBe(200);
      expect(await api.use(token)).toBe(401);
    });

    it('writes who deleted it', async () => {
      const { identityId: actor } = await app.given.root();
      const id = await app.given.bareIdentity();
      await remove(id);
      expect(await api.events('delete-identity', id)).toEqual([{ outcome: 'success', actor, token: null }]);
    });

    it('happens once of 20 at once', async () => {
      const id = await app.given.bareIdentity();
      await app.given.root();
      expect(tally(await Promise.all(Array.from({ length: 20 }, () => remove(id))))).toEqual({ 200: 1, 404: 19 });
    });
  });

  describe('400', () => {
    it('keeps what is protected', async () => {
      const { token } = await app.given.root();
      const { id, token: text } = await app.given.identity();
      await app.http.patch(`/api/v1/identities/${id}`, { token, body: { hasDeleteProtection: true } });
      expect(told(await remove(id))).toEqual(refusal(400, 'BadRequest', 'The identity is protected from deletion'));
      expect(await api.use(text)).toBe(200);
    });

    it('keeps an administrator of a root, of ten that delete one another with 50 requests at once', async () => {
      const root = await app.given.otherRoot();
      expect((await remove(root.identityId, root.token)).status).toBe(400);
      const admins = await Promise.all(Array.from({ length: 9 }, () => app.given.identity({ role: 'admin' }, root)));
      const all = [{ id: root.identityId, token: root.token }, ...admins];
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => remove(all[(index * 7 + 1) % 10]?.id ?? '', all[index % 10]?.token)),
      );
      expect(answers.filter(({ status }) => ![200, 400, 401, 404].includes(status))).toEqual([]);
      const left: object[] = await app.db.query(
        'SELECT FROM identity WHERE organization_id = $1 AND deleted_at IS NULL',
        [root.organizationId],
      );
      expect(left.length).toBeGreaterThanOrEqual(1);
    });
  });

  describe('403', () => {
    it('wants delete', async () => {
      const { token } = await app.given.identity({ role: 'member' });
      const id = await app.given.bareIdentity();
      expect((await remove(id, token)).body).toMatchObject({ error: 'PermissionDenied' });
      expect(await api.events('delete-identity', id)).toHaveLength(1);
    });

    it('lets nobody delete an identity that can do more, here or elsewhere', async () => {
      const caller = await app.given.identity();
      await app.given.customRole(caller.id, [{ subject: 'identity', action: ['delete'] }]);
      const stronger = await app.given.bareIdentity({ role: 'verifier' });
      const elsewhere = await app.given.bareIdentity();
      await app.given.subOrganization({ [elsewhere]: 'admin' });
      for (const id of [stronger, elsewhere]) {
        expect((await remove(id, caller.token)).body).toMatchObject({ error: 'PermissionBoundaryError' });
        expect(await read(id)).toBe(200);
      }
    });
  });

  describe('404', () => {
    it.each([UNKNOWN_ID, 'no-uuid'])('knows no identity %s', async (id) => {
      const { token } = await app.given.identity();
      expect(told(await remove(id, token))).toEqual(refusal(404, 'NotFound', 'Identity not found'));
    });
  });
});

describe('GET /api/v1/identities/{identityId}/identity-memberships', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const memberships = (id: string, token: string) =>
    app.http.get(`/api/v1/identities/${id}/identity-memberships`, { token });

  it('is empty, wants read, and knows no unknown identity', async () => {
    const { token } = await app.given.root();
    const { id, token: weak } = await app.given.identity();
    expect(told(await memberships(id, token))).toEqual({ status: 200, body: { identityMemberships: [] } });
    expect((await memberships(id, weak)).status).toBe(403);
    expect((await memberships(UNKNOWN_ID, weak)).status).toBe(404);
  });
});
