import { decodeJwt } from '../support/jwt.js';
import { TestApp } from '../support/test-app.js';

describe('POST /api/v1/auth/token-auth/identities/{identityId}/tokens: scope', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const createToken = (identityId: string, token: string, organizationSlug?: string) =>
    app.http.post(`/api/v1/auth/token-auth/identities/${identityId}/tokens`, { token, body: { organizationSlug } });

  /** A sub-organization with the root's administrator as admin and an identity as member. */
  const givenScope = async () => {
    const root = await app.given.root();
    const { id } = await app.given.identity();
    const sub = await app.given.subOrganization({ [root.identityId]: 'admin', [id]: 'no-access' });
    return { root, id, sub };
  };

  it('takes the own slug of the root for the root', async () => {
    const { root, id } = await givenScope();
    expect((await createToken(id, root.token, root.slug)).body.tokenData.subOrganizationId).toBeNull();
  });

  it('scopes a token to the sub-organization that the slug names, trimmed and lower-cased', async () => {
    const { root, id, sub } = await givenScope();
    const { body } = await createToken(id, root.token, `  ${sub.slug.toUpperCase()} `);
    expect(body.tokenData.subOrganizationId).toBe(sub.id);
    expect(decodeJwt(body.accessToken)).toMatchObject({
      orgId: sub.id,
      rootOrgId: root.organizationId,
      parentOrgId: root.organizationId,
    });
  });

  it('keeps a token to its organization', async () => {
    const { root, id, sub } = await givenScope();
    const { accessToken } = (await createToken(id, root.token, sub.slug)).body;
    expect(
      (await app.http.get('/api/v1/identities/details', { token: accessToken })).body.identityDetails.organization.id,
    ).toBe(sub.id);
  });

  it('gives the caller of a sub-organization tokens for that one alone', async () => {
    const { root, id, sub } = await givenScope();
    const caller = (await createToken(root.identityId, root.token, sub.slug)).body.accessToken as string;
    const other = await app.given.subOrganization({ [id]: 'no-access', [root.identityId]: 'admin' });
    expect((await createToken(id, caller)).body.tokenData.subOrganizationId).toBe(sub.id);
    expect((await createToken(id, caller, sub.slug)).body.tokenData.subOrganizationId).toBe(sub.id);
    for (const slug of [root.slug, other.slug, 'unknown']) {
      expect((await createToken(id, caller, slug)).body).toMatchObject({ statusCode: 403, error: 'ForbiddenError' });
    }
  });

  it('knows no slug of another root, and no unknown one', async () => {
    const { root, id } = await givenScope();
    const otherRoot = await app.given.otherRoot();
    const other = await app.given.subOrganization({}, otherRoot);
    for (const slug of [other.slug, otherRoot.slug, 'unknown'])
      expect((await createToken(id, root.token, slug)).status).toBe(404);
  });

  it('wants the caller to be allowed where the token is to work', async () => {
    const root = await app.given.root();
    const { id } = await app.given.identity();
    const outside = await app.given.subOrganization({ [id]: 'no-access' });
    const weak = await app.given.subOrganization({ [id]: 'no-access', [root.identityId]: 'member' });
    for (const { slug } of [outside, weak]) {
      expect((await createToken(id, root.token, slug)).body).toMatchObject({
        statusCode: 403,
        error: 'PermissionDenied',
      });
    }
  });

  it('wants the identity to be a member where the token is to work', async () => {
    const root = await app.given.root();
    const { id } = await app.given.identity();
    const sub = await app.given.subOrganization({ [root.identityId]: 'admin' });
    expect((await createToken(id, root.token, sub.slug)).body).toMatchObject({
      statusCode: 403,
      error: 'ForbiddenError',
    });
  });

  it('judges the boundary where the token is to work', async () => {
    const root = await app.given.root();
    const { id } = await app.given.identity();
    const caller = await app.given.identity({ role: 'admin' });
    const sub = await app.given.subOrganization({
      [id]: 'admin',
      [caller.id]: 'no-access',
      [root.identityId]: 'admin',
    });
    const role = await app.given.customRole(caller.id, [{ subject: 'identity', action: ['create-token'] }]);
    await app.db.query(`UPDATE membership SET role = 'custom', role_id = $1 WHERE identity_id = $2`, [role, caller.id]);
    expect((await createToken(id, caller.token, sub.slug)).body).toMatchObject({
      statusCode: 403,
      error: 'PermissionBoundaryError',
    });
    expect((await createToken(id, root.token, sub.slug)).status).toBe(200);
  });

  it('refuses the tokens of a membership that is switched off, and takes them again when it is on', async () => {
    const { root, id, sub } = await givenScope();
    const { accessToken: token } = (await createToken(id, root.token, sub.slug)).body as { accessToken: string };
    const use = async () => (await app.http.get('/api/v1/identities/details', { token })).status;
    await app.db.query('UPDATE membership SET is_active = false WHERE organization_id = $1 AND identity_id = $2', [
      sub.id,
      id,
    ]);
    expect(await use()).toBe(401);
    expect((await createToken(id, root.token, sub.slug)).status).toBe(400);
    await app.db.query('UPDATE membership SET is_active = true WHERE organization_id = $1 AND identity_id = $2', [
      sub.id,
      id,
    ]);
    expect(await use()).toBe(200);
  });
});
