import { BUILT_IN_ROLES } from '../../src/permission/catalog.js';
import type { Root } from '../support/fixtures.js';
import { refusal, tally, told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

const ELSEWHERE = [{ ipAddress: '192.0.2.1' }];

describe('the last administrator of a root organization', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());

  const demote = (id: string, token: string) =>
    app.http.patch(`/api/v1/identities/${id}`, { token, body: { role: 'member' } });
  const remove = (id: string, token: string) => app.http.delete(`/api/v1/identities/${id}`, { token });
  const administrator = (root: Root, config: object = {}) => app.given.identity({ role: 'admin', config }, root);

  it.each([
    { what: 'addresses without that of the request', body: { accessTokenTrustedIps: ELSEWHERE } },
    { what: 'a TTL below a minute', body: { accessTokenTTL: 59 } },
    { what: 'a max TTL below a minute', body: { accessTokenMaxTTL: 59 } },
    { what: 'a single use', body: { accessTokenNumUsesLimit: 1 } },
  ])('returns 400 when its Token Auth is given $what, and changes nothing', async ({ body }) => {
    const { identityId, token } = await app.given.otherRoot();
    const before = (await api.config(identityId, token)).body;
    expect(told(await api.update(identityId, body, token))).toEqual(
      refusal(400, 'BadRequest', expect.stringContaining('must keep an active administrator')),
    );
    expect((await api.config(identityId, token)).body).toEqual(before);
  });

  it.each([
    { accessTokenTrustedIps: [{ ipAddress: '127.0.0.0/8' }] },
    { accessTokenTrustedIps: [...ELSEWHERE, { ipAddress: '::ffff:127.0.0.1' }] },
    { accessTokenTTL: 60, accessTokenMaxTTL: 60, accessTokenNumUsesLimit: 2 },
    { accessTokenTTL: 0, accessTokenMaxTTL: 0, accessTokenNumUsesLimit: 0 },
  ])('can have %j', async (body) => {
    const { identityId, token } = await app.given.otherRoot();
    expect((await api.update(identityId, body, token)).status).toBe(200);
    expect(await api.use(token)).toBe(200);
  });

  it('returns 400 when its Token Auth is detached, and keeps its tokens', async () => {
    const { identityId, token } = await app.given.otherRoot();
    expect(told(await api.detach(identityId, token))).toEqual(refusal(400, 'BadRequest'));
    expect(await api.use(token)).toBe(200);
  });

  it('returns 403 before 400 to a caller without permission', async () => {
    const root = await app.given.otherRoot();
    const { token } = await app.given.identity({ role: 'member' }, root);
    expect((await api.detach(root.identityId, token)).body).toMatchObject({ error: 'PermissionDenied' });
  });

  it('is protected from a caller that has every permission by a custom role', async () => {
    const root = await app.given.otherRoot();
    const caller = await app.given.identity({}, root);
    const permissions = BUILT_IN_ROLES['admin'] ?? [];
    await app.given.customRole(caller.id, [...permissions], root);
    const answers = [
      await api.detach(root.identityId, caller.token),
      await api.update(root.identityId, { accessTokenTrustedIps: ELSEWHERE }, caller.token),
      await demote(root.identityId, caller.token),
      await remove(root.identityId, caller.token),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
  });

  it('can detach its Token Auth when another administrator can use the API', async () => {
    const root = await app.given.otherRoot();
    await administrator(root);
    expect((await api.detach(root.identityId, root.token)).status).toBe(200);
  });

  it.each([
    { what: 'without Token Auth', other: async (root: Root) => app.given.bareIdentity({ role: 'admin' }, root) },
    { what: 'of another address', other: (root: Root) => administrator(root, { accessTokenTrustedIps: ELSEWHERE }) },
    { what: 'with a TTL of a second', other: (root: Root) => administrator(root, { accessTokenTTL: 1 }) },
    { what: 'with a single use', other: (root: Root) => administrator(root, { accessTokenNumUsesLimit: 1 }) },
    {
      what: 'whose membership is switched off',
      other: async (root: Root) => {
        const { id } = await administrator(root);
        await app.db.query('UPDATE membership SET is_active = false WHERE identity_id = $1', [id]);
      },
    },
    {
      what: 'of a sub-organization',
      other: async (root: Root) => {
        const { id } = await app.given.identity({}, root);
        await app.given.subOrganization({ [id]: 'admin' }, root);
      },
    },
  ])('cannot rely on an administrator $what', async ({ other }) => {
    const root = await app.given.otherRoot();
    await other(root);
    const { identityId, token } = root;
    const answers = [await api.detach(identityId, token), await demote(identityId, token)];
    expect([...answers, await remove(identityId, token)].map(({ status }) => status)).toEqual([400, 400, 400]);
    expect(await api.use(token)).toBe(200);
  });

  it('can be changed further when the organization had no administrator that can use the API before', async () => {
    const { identityId, token } = await app.given.otherRoot();
    await app.db.query('UPDATE token_auth_config SET num_uses_limit = 1 WHERE identity_id = $1', [identityId]);
    expect((await api.update(identityId, { accessTokenTTL: 3600 }, token)).status).toBe(200);
    expect((await demote(identityId, token)).status).toBe(400);
    expect((await api.update(identityId, { accessTokenNumUsesLimit: 0 }, token)).status).toBe(200);
    expect((await api.update(identityId, { accessTokenNumUsesLimit: 1 }, token)).status).toBe(400);
  });

  it('cannot leave a root organization that does not own it', async () => {
    const root = await app.given.otherRoot();
    const sub = await app.given.subOrganization({}, root);
    await app.db.query('UPDATE identity SET organization_id = $2 WHERE id = $1', [root.identityId, sub.id]);
    expect((await remove(root.identityId, root.token)).status).toBe(400);
    await administrator(root);
    expect((await remove(root.identityId, root.token)).status).toBe(200);
  });

  it('is one of four that detach their own Token Auth at the same time', async () => {
    const root = await app.given.otherRoot();
    const others = await Promise.all(Array.from({ length: 3 }, () => administrator(root)));
    const all = [{ id: root.identityId, token: root.token }, ...others];
    const answers = await Promise.all(all.map(({ id, token }) => api.detach(id, token)));
    expect(tally(answers)).toEqual({ 200: 3, 400: 1 });
  });
});
