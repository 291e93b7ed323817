import { refusal, told } from '../support/answers.js';
import type { GivenIdentity } from '../support/fixtures.js';
import { OAuth2Api } from '../support/oauth2-api.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';
import { waitsForLock } from '../support/waiting.js';

const NOT_FOUND = refusal(404, 'NotFound', 'Access token not found');
const REVOKED = 'revoke-token-identity-token-auth';

interface SubOrganization {
  id: string;
  /** A token of its administrator, scoped to it. */
  admin: string;
  /** A token of an identity of the root, scoped to it. */
  token: string;
  tokenId: string;
}

describe('tokens of an identity of the root organization that are scoped to a sub-organization', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());

  const givenSubOrganization = async ({ id }: GivenIdentity): Promise<SubOrganization> => {
    const { identityId } = await app.given.root();
    const { id: subOrgId, slug } = await app.given.subOrganization({ [identityId]: 'admin', [id]: 'no-access' });
    app.clock.advance(1);
    const admin = await app.given.mint(identityId, { organizationSlug: slug });
    const scoped = await app.given.mint(id, { organizationSlug: slug });
    return { id: subOrgId, admin: admin.accessToken, token: scoped.accessToken, tokenId: scoped.tokenData.id };
  };
  const givenIdentityBelow = async () => {
    const identity = await app.given.identity();
    return { identity, sub: await givenSubOrganization(identity) };
  };
  const idsOf = async (id: string, query = '', token?: string) =>
    ((await api.list(id, query, token)).body.tokens as { id: string }[]).map((record) => record.id);
  /** A caller whose role in the root has these actions on identities. */
  const caller = async (...action: string[]) => {
    const { id, token } = await app.given.identity();
    await app.given.customRole(id, [{ subject: 'identity', action }]);
    return token;
  };
  const auditRowsOf = (tokenId: string, event: string): Promise<object[]> =>
    app.db.query(
      `SELECT organization_id AS "organizationId", actor_identity_id AS actor, actor_token_id IS NULL AS "hasNoToken",
         ip_address IS NULL AS "hasNoAddress", details
       FROM audit_event WHERE token_id = $1 AND event = $2 ORDER BY id`,
      [tokenId, event],
    );

  it('are listed in the root with all others of the identity, newest first, and say where they work', async () => {
    const identity = await app.given.identity();
    const subs = [await givenSubOrganization(identity), await givenSubOrganization(identity)];
    app.clock.advance(1);
    const newest = (await app.given.mint(identity.id)).tokenData.id;
    const expected = [newest, subs[1]?.tokenId, subs[0]?.tokenId, identity.tokenId];
    expect(await idsOf(identity.id)).toEqual(expected);
    expect(await idsOf(identity.id, '?limit=2&offset=1')).toEqual(expected.slice(1, 3));
    expect((await api.list(identity.id)).body.tokens).toMatchObject([
      { subOrganizationId: null },
      { subOrganizationId: subs[1]?.id },
      { subOrganizationId: subs[0]?.id },
      { subOrganizationId: null },
    ]);
  });

  it('are read in the root by id and by the older path', async () => {
    const { identity, sub } = await givenIdentityBelow();
    const { body } = await api.read(sub.tokenId, await caller('get-token'));
    expect(body.token).toMatchObject({ id: sub.tokenId, identityId: identity.id, subOrganizationId: sub.id });
    expect((await api.readOf(identity.id, sub.tokenId)).body).toEqual(body);
  });

  it('are renamed in the root, with the boundary in every organization of the identity', async () => {
    const { identity, sub } = await givenIdentityBelow();
    expect((await api.rename(sub.tokenId, { name: 'renamed' })).body.token).toMatchObject({ name: 'renamed' });
    await app.db.query(`UPDATE membership SET role = 'admin' WHERE organization_id = $1 AND identity_id = $2`, [
      sub.id,
      identity.id,
    ]);
    const denied = await api.rename(sub.tokenId, { name: 'again' }, await caller('create-token'));
    expect(denied.body).toMatchObject({ statusCode: 403, error: 'PermissionBoundaryError' });
    expect((await api.read(sub.tokenId)).body.token.name).toBe('renamed');
  });

  it('are revoked in the root, and rejected by every replica', async () => {
    const { sub } = await givenIdentityBelow();
    const replica = await TestApp.start({ beside: app });
    expect(await new TokenAuthApi(replica).use(sub.token)).toBe(200);
    expect((await api.revoke(sub.tokenId, await caller('delete-token'))).status).toBe(200);
    await replica.catchUp();
    expect([await api.use(sub.token), await new TokenAuthApi(replica).use(sub.token)]).toEqual([401, 401]);
    expect((await api.read(sub.tokenId, sub.admin)).body.token.isAccessTokenRevoked).toBe(true);
    expect((await api.revoke(sub.tokenId)).status).toBe(200);
    await replica.stop();
  });

  it('leave an entry of the revocation log that followers of the sub-organization get', async () => {
    const { sub } = await givenIdentityBelow();
    await api.revoke(sub.tokenId);
    const entries: object[] = await app.db.query(
      'SELECT effect, organization_id AS org FROM revocation WHERE key = $1',
      [sub.tokenId],
    );
    expect(entries).toEqual([{ effect: 'revoked', org: sub.id }]);
  });

  it('leave an audit row in both organizations; that of the sub-organization names the caller only', async () => {
    const { organizationId, identityId: actor } = await app.given.root();
    const { identity, sub } = await givenIdentityBelow();
    await api.rename(sub.tokenId, { name: 'renamed' });
    await api.revoke(sub.tokenId);
    await api.revoke(sub.tokenId);
    for (const [event, changed] of [
      ['update-token-identity-token-auth', { changes: { name: { from: null, to: 'renamed' } } }],
      [REVOKED, {}],
    ] as const) {
      expect(await auditRowsOf(sub.tokenId, event)).toEqual([
        { organizationId, actor, hasNoToken: false, hasNoAddress: false, details: { scope: sub.id, ...changed } },
        {
          organizationId: sub.id,
          actor,
          hasNoToken: true,
          hasNoAddress: true,
          details: { actorOrganizationId: organizationId, ...changed },
        },
      ]);
    }
    const read = await app.http.get(`/api/v1/audit-logs?event=${REVOKED}&identity=${identity.id}`, {
      token: sub.admin,
    });
    expect(read.body.auditLogs).toMatchObject([
      { event: REVOKED, tokenId: sub.tokenId, actor: { identityId: actor, tokenId: null } },
    ]);
  });

  it('need the permission in the root, whatever the caller may do in the sub-organization', async () => {
    const { identity, sub } = await givenIdentityBelow();
    const { id, token } = await app.given.identity();
    await app.given.membership(sub.id, id, 'admin');
    for (const answer of [
      await api.list(identity.id, '', token),
      await api.read(sub.tokenId, token),
      await api.rename(sub.tokenId, { name: 'x' }, token),
      await api.revoke(sub.tokenId, token),
    ]) {
      expect(answer.body).toMatchObject({ statusCode: 403, error: 'PermissionDenied' });
    }
    expect(await api.use(sub.token)).toBe(200);
  });

  it('are revoked by their expired JWT and a caller of the root', async () => {
    const identity = await app.given.identity({ config: { accessTokenTTL: 60 } });
    const sub = await givenSubOrganization(identity);
    const renew = await app.http.post('/api/v1/auth/token/renew', { body: { accessToken: sub.token } });
    app.clock.advance(30);
    const renewed = await app.http.post('/api/v1/auth/token/renew', { body: { accessToken: renew.body.accessToken } });
    app.clock.advance(31);
    const authorization = `Bearer ${await caller('delete-token')}`;
    expect((await new OAuth2Api(app).revoke({ token: sub.token }, { authorization })).status).toBe(200);
    expect(await api.use(renewed.body.accessToken as string)).toBe(401);
  });

  describe('404', () => {
    it('hides tokens of the root and of other sub-organizations from a sub-organization', async () => {
      const identity = await app.given.identity();
      const [sub, neighbor] = [await givenSubOrganization(identity), await givenSubOrganization(identity)];
      expect(await idsOf(identity.id, '', sub.admin)).toEqual([sub.tokenId]);
      for (const tokenId of [identity.tokenId, neighbor.tokenId]) {
        expect(told(await api.read(tokenId, sub.admin))).toEqual(NOT_FOUND);
        expect(told(await api.readOf(identity.id, tokenId, sub.admin))).toEqual(NOT_FOUND);
        expect(told(await api.rename(tokenId, { name: 'x' }, sub.admin))).toEqual(NOT_FOUND);
        expect(told(await api.revoke(tokenId, sub.admin))).toEqual(NOT_FOUND);
      }
      expect([await api.use(identity.token), await api.use(neighbor.token)]).toEqual([200, 200]);
    });

    it('hides tokens of an identity that a sub-organization owns from the root', async () => {
      const { sub } = await givenIdentityBelow();
      const body = { name: 'an identity', organizationId: sub.id };
      const { id } = (await app.http.post('/api/v1/identities', { token: sub.admin, body })).body.identity;
      await api.attach(id, {}, sub.admin);
      const { accessToken, tokenData } = await app.given.mint(id, {}, sub.admin);
      expect((await api.list(id)).status).toBe(404);
      expect(told(await api.read(tokenData.id))).toEqual(NOT_FOUND);
      expect(told(await api.rename(tokenData.id, { name: 'x' }))).toEqual(NOT_FOUND);
      expect(told(await api.revoke(tokenData.id))).toEqual(NOT_FOUND);
      expect(await api.use(accessToken)).toBe(200);
    });

    it('never waits for a locked token that the caller cannot reach', async () => {
      const { identity, sub } = await givenIdentityBelow();
      const holder = app.db.createQueryRunner();
      await holder.startTransaction();
      await holder.query('SELECT id FROM access_token WHERE id = ANY ($1) FOR UPDATE', [
        [identity.tokenId, sub.tokenId],
      ]);
      expect(told(await api.revoke(identity.tokenId, sub.admin))).toEqual(NOT_FOUND);
      const revocation = api.revoke(sub.tokenId);
      await waitsForLock(app.db, '', 1);
      await holder.commitTransaction();
      await holder.release();
      expect((await revocation).status).toBe(200);
    });
  });
});
