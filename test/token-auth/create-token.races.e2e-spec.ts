import type { ProposedMint } from '../../src/access-token/mint/proposed-mint.js';
import { beforeStatement } from '../support/before-statement.js';
import { KeysOf } from '../support/keys-of.js';
import { TestApp } from '../support/test-app.js';

describe('POST /api/v1/auth/token-auth/identities/{identityId}/tokens: the statement decides', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());
  afterEach(() => jest.restoreAllMocks());

  const createToken = (identityId: string, token: string) =>
    app.http.post(`/api/v1/auth/token-auth/identities/${identityId}/tokens`, { token });
  const countTokens = async (identityId: string) => {
    const [{ count }]: [{ count: string }] = await app.db.query(
      'SELECT count(*) FROM access_token WHERE identity_id = $1',
      [identityId],
    );
    return Number(count);
  };

  it('mints nothing when the caller is revoked between its verification and the mint', async () => {
    const caller = await app.given.identity({ role: 'admin' });
    const target = await app.given.bareIdentity();
    await app.given.attach(target);
    const { token } = await app.given.root();
    beforeStatement(app, async () =>
      app.http.post(`/api/v1/auth/token-auth/tokens/${caller.tokenId}/revoke`, { token }),
    );
    expect(await createToken(target, caller.token)).toMatchObject({
      status: 401,
      body: { error: 'UnauthorizedError' },
    });
    expect(await countTokens(target)).toBe(0);
    expect(
      await app.db.query(`SELECT 1 FROM audit_event WHERE event LIKE 'create-token%' AND identity_id = $1`, [target]),
    ).toEqual([]);
  });

  it.each([
    {
      what: 'the caller is detached',
      act: (caller: string) => `DELETE FROM token_auth_config WHERE identity_id = '${caller}'`,
      status: 401,
    },
    {
      what: 'the caller is demoted',
      act: (caller: string) => `UPDATE membership SET role = 'member' WHERE identity_id = '${caller}'`,
      status: 403,
    },
    {
      what: 'the caller is switched off',
      act: (caller: string) => `UPDATE membership SET is_active = false WHERE identity_id = '${caller}'`,
      status: 401,
    },
    {
      what: 'the caller is gone',
      act: (caller: string) => `UPDATE identity SET deleted_at = now() WHERE id = '${caller}'`,
      status: 401,
    },
    {
      what: 'the target is detached',
      act: (_: string, target: string) => `DELETE FROM token_auth_config WHERE identity_id = '${target}'`,
      status: 400,
    },
    {
      what: 'the target is gone',
      act: (_: string, target: string) => `UPDATE identity SET deleted_at = now() WHERE id = '${target}'`,
      status: 404,
    },
    {
      what: 'the target grows stronger',
      act: (_: string, target: string) => `UPDATE membership SET role = 'admin' WHERE identity_id = '${target}'`,
      status: 403,
    },
  ])('judges again when $what meanwhile', async ({ act, status }) => {
    const caller = await app.given.identity({ role: 'admin' });
    await app.given.customRole(caller.id, [{ subject: 'identity', action: ['create-token'] }]);
    if (status === 403 && !act('a', 'b').includes("'admin'"))
      await app.db.query(`UPDATE membership SET role = 'admin', role_id = NULL WHERE identity_id = $1`, [caller.id]);
    const target = await app.given.bareIdentity();
    await app.given.attach(target);
    beforeStatement(app, async () => {
      await app.db.query(`UPDATE membership SET role_id = NULL WHERE false`);
      await app.db.query(act(caller.id, target));
    });
    expect((await createToken(target, caller.token)).status).toBe(status);
    expect(await countTokens(target)).toBe(0);
  });

  it.each([
    { what: 'it is detached', change: 'DELETE FROM token_auth_config WHERE identity_id = $1', status: 401 },
    { what: 'it is demoted', change: `UPDATE membership SET role = 'member' WHERE identity_id = $1`, status: 403 },
    {
      what: 'it is switched off',
      change: 'UPDATE membership SET is_active = false WHERE identity_id = $1',
      status: 401,
    },
    { what: 'it leaves', change: 'DELETE FROM membership WHERE identity_id = $1', status: 401 },
    { what: 'it is gone', change: 'UPDATE identity SET deleted_at = now() WHERE id = $1', status: 401 },
    {
      what: 'its token is revoked',
      change: `UPDATE access_token SET revoked_at = now(), revoked_reason = 'revoked' WHERE identity_id = $1`,
      status: 401,
    },
    {
      what: 'its tokens are revoked',
      change: `INSERT INTO epoch VALUES ('identity', $1, 1000000)`,
      status: 401,
    },
  ])('judges a mint of a caller for itself again when $what meanwhile', async ({ change, status }) => {
    const caller = await app.given.identity({ role: 'admin' });
    beforeStatement(app, () => app.db.query(change, [caller.id]));
    expect((await createToken(caller.id, caller.token)).status).toBe(status);
    expect(await countTokens(caller.id)).toBe(1);
  });

  it('mints nothing for a caller whose tokens were revoked, when only the new token is known to come after that', async () => {
    const caller = await app.given.identity({ role: 'admin' });
    const epoch = 1_000_000;
    beforeStatement(app, async ({ token }) => {
      await app.db.query(`INSERT INTO epoch VALUES ('identity', $1, $2)`, [caller.id, epoch]);
      token.epoch = epoch;
    });
    expect((await createToken(caller.id, caller.token)).status).toBe(401);
    expect(await countTokens(caller.id)).toBe(1);
  });

  it('rests mints for identities that are configured alike on the same list, so that they can share their terms', async () => {
    const caller = await app.given.identity({ role: 'admin' });
    const proposed: ProposedMint[] = [];
    for (const [target, ipAddress] of [
      [await app.given.bareIdentity(), '127.0.0.0/8'],
      [await app.given.bareIdentity(), '127.0.0.0/8'],
      [await app.given.bareIdentity(), '127.0.0.0/16'],
    ] as const) {
      await app.given.attach(target, { accessTokenTrustedIps: [{ ipAddress }] });
      beforeStatement(app, async (mint) => Promise.resolve(proposed.push(mint)));
      expect((await createToken(target, caller.token)).status).toBe(200);
    }
    const [one, alike, other] = proposed.map(({ judgement }) => judgement.trustedIps);
    expect(alike).toBe(one);
    expect(other).not.toEqual(one);
  });

  it('knows the caller’s organization no more by a slug that it loses meanwhile', async () => {
    const root = await app.given.otherRoot();
    const caller = await app.given.identity({ role: 'admin' }, root);
    const rename = `UPDATE organization SET slug = 'renamed' WHERE id = $1`;
    beforeStatement(app, () => app.db.query(rename, [root.organizationId]));
    const path = `/api/v1/auth/token-auth/identities/${caller.id}/tokens`;
    const answer = await app.http.post(path, { token: caller.token, body: { organizationSlug: root.slug } });
    expect(answer.status).toBe(404);
    expect(await countTokens(caller.id)).toBe(1);
  });

  it.each([
    {
      what: 'the caller is switched off where it works',
      change: 'UPDATE membership SET is_active = false WHERE identity_id = $1 AND organization_id <> $2',
      status: 401,
    },
    {
      what: 'the caller is switched off where the token is to work',
      change: 'UPDATE membership SET is_active = false WHERE identity_id = $1 AND organization_id = $2',
      status: 403,
    },
    {
      what: 'the organization is gone',
      change: 'UPDATE organization SET deleted_at = now() WHERE id = $2 AND $1::uuid IS NOT NULL',
      status: 404,
    },
  ])('judges a mint for a sub-organization again when $what meanwhile', async ({ change, status }) => {
    const caller = await app.given.identity({ role: 'admin' });
    const target = await app.given.bareIdentity();
    await app.given.attach(target);
    const { id, slug } = await app.given.subOrganization({ [caller.id]: 'admin', [target]: 'no-access' });
    beforeStatement(app, () => app.db.query(change, [caller.id, id]));
    const path = `/api/v1/auth/token-auth/identities/${target}/tokens`;
    const answer = await app.http.post(path, { token: caller.token, body: { organizationSlug: slug } });
    expect(answer.status).toBe(status);
    expect(await countTokens(target)).toBe(0);
  });

  it('judges a mint of a sub-organization’s token for its own identity again when the root is gone meanwhile', async () => {
    const root = await app.given.otherRoot();
    const caller = await app.given.identity({ role: 'admin' }, root);
    const { slug } = await app.given.subOrganization({ [caller.id]: 'admin', [root.identityId]: 'admin' }, root);
    const { accessToken } = await app.given.mint(caller.id, { organizationSlug: slug }, root.token);
    expect((await createToken(caller.id, accessToken)).status).toBe(200);
    beforeStatement(app, () =>
      app.db.query('UPDATE organization SET deleted_at = now() WHERE id = $1', [root.organizationId]),
    );
    expect((await createToken(caller.id, accessToken)).status).toBe(401);
  });

  it('mints nothing for a caller whose key is revoked meanwhile, when another one signs', async () => {
    const own = await TestApp.start();
    const keys = new KeysOf(own);
    const old = await keys.kid('active');
    const { identityId, token } = await own.given.root();
    await keys.rotate();
    beforeStatement(own, () => own.db.query(`UPDATE signing_key SET state = 'revoked' WHERE kid = $1`, [old]));
    const answer = await own.http.post(`/api/v1/auth/token-auth/identities/${identityId}/tokens`, { token });
    expect(answer.status).toBe(401);
    expect(await own.db.query('SELECT FROM access_token WHERE identity_id = $1', [identityId])).toHaveLength(1);
    await own.stop();
  });

  it('mints nothing when the key that signs is revoked meanwhile', async () => {
    const own = await TestApp.start();
    const { identityId, token } = await own.given.root();
    beforeStatement(own, () => own.db.query(`UPDATE signing_key SET state = 'revoked'`));
    const answer = await own.http.post(`/api/v1/auth/token-auth/identities/${identityId}/tokens`, { token });
    expect(answer.status).toBe(401);
    expect(await own.db.query('SELECT FROM access_token WHERE identity_id = $1', [identityId])).toHaveLength(1);
    await own.stop();
  });

  it('mints nothing when the role of the caller shrinks meanwhile', async () => {
    const caller = await app.given.identity();
    const roleId = await app.given.customRole(caller.id, [{ subject: 'identity', action: ['create-token'] }]);
    const target = await app.given.bareIdentity();
    await app.given.attach(target);
    const { token } = await app.given.root();
    beforeStatement(app, () =>
      app.http.patch(`/api/v1/organization/roles/${roleId}`, { token, body: { permissions: [] } }),
    );
    expect(await createToken(target, caller.token)).toMatchObject({ status: 403, body: { error: 'PermissionDenied' } });
    expect(await countTokens(target)).toBe(0);
  });

  it('mints nothing for a caller that is detached and attached again meanwhile', async () => {
    const caller = await app.given.identity({ role: 'admin' });
    const target = await app.given.bareIdentity();
    await app.given.attach(target);
    const { token } = await app.given.root();
    beforeStatement(app, async () => {
      await app.http.delete(`/api/v1/auth/token-auth/identities/${caller.id}`, { token });
      await app.given.attach(caller.id);
    });
    expect((await createToken(target, caller.token)).status).toBe(401);
    expect(await countTokens(target)).toBe(0);
  });

  it('mints a token that lives, when the membership ends and begins again meanwhile', async () => {
    const { identityId, token } = await app.given.root();
    const target = await app.given.identity();
    const { id, slug } = await app.given.subOrganization({ [identityId]: 'admin', [target.id]: 'no-access' });
    const membership = `/api/v1/sub-organizations/${id}/memberships/${target.id}`;
    beforeStatement(app, async () => {
      await app.http.delete(membership, { token });
      await app.http.put(membership, { token, body: {} });
    });
    const { accessToken } = await app.given.mint(target.id, { organizationSlug: slug });
    expect((await app.http.get('/api/v1/identities/details', { token: accessToken })).status).toBe(200);
  });

  it('mints under the limits as they stand, when they change meanwhile', async () => {
    const target = await app.given.bareIdentity();
    await app.given.attach(target);
    beforeStatement(app, () => app.db.query('UPDATE token_auth_config SET ttl = 77 WHERE identity_id = $1', [target]));
    expect((await createToken(target, (await app.given.root()).token)).body).toMatchObject({
      expiresIn: 77,
      tokenData: { accessTokenTTL: 77 },
    });
  });

  it('leaves nothing alive of mints that race with a detach', async () => {
    const { token } = await app.given.root();
    const target = await app.given.bareIdentity();
    await app.given.attach(target);
    const mints = Array.from({ length: 30 }, () => createToken(target, token));
    const detach = app.http.delete(`/api/v1/auth/token-auth/identities/${target}`, { token });
    const answers = await Promise.all([...mints, detach]);
    expect(answers.filter(({ status }) => ![200, 400].includes(status))).toEqual([]);
    const minted = answers.filter(({ body }) => body.accessToken !== undefined);
    const uses = await Promise.all(
      minted.map(({ body }) => app.http.get('/api/v1/identities/details', { token: body.accessToken as string })),
    );
    expect(uses.filter(({ status }) => status !== 401)).toEqual([]);
  });
});
