import type { PermissionRule } from '../../src/database/entities/role.entity.js';
import { TestApp } from '../support/test-app.js';

const rules = (subject: string, ...action: string[]): PermissionRule[] => [{ subject, action }];
const MANAGER = [
  ...rules('identity', 'create', 'edit', 'grant-privileges', 'edit-auth', 'revoke-auth', 'create-token'),
  ...rules('role', 'read', 'create', 'edit', 'delete'),
];
const STRONGER = rules('identity', 'delete-token');

describe('the boundary', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const manager = async () => {
    const caller = await app.given.identity();
    return { ...caller, roleId: await app.given.customRole(caller.id, MANAGER) };
  };
  const refusal = {
    status: 403,
    body: { error: 'PermissionBoundaryError', details: { missingPermissions: STRONGER } },
  };
  const config = (id: string) => `/api/v1/auth/token-auth/identities/${id}`;
  const role = (id: string) => `/api/v1/organization/roles/${id}`;

  it.each([
    { what: 'mint', method: 'POST', path: (id: string) => `${config(id)}/tokens` },
    { what: 'attach', method: 'POST', path: config },
    { what: 'update', method: 'PATCH', path: config },
    { what: 'detach', method: 'DELETE', path: config },
  ])('refuses to $what for a stronger identity, and not for an equal one', async ({ method, path }) => {
    const { token } = await manager();
    const target = await app.given.identity();
    await app.given.customRole(target.id, STRONGER);
    expect(await app.http.send(method, path(target.id), { token, body: {} })).toMatchObject(refusal);
    await app.given.customRole(target.id, MANAGER);
    const isAttach = path === config && method === 'POST';
    expect((await app.http.send(method, path(target.id), { token, body: {} })).status).toBe(isAttach ? 400 : 200);
  });

  const identity = (id: string) => `/api/v1/identities/${id}`;
  it.each([
    { what: 'rename', body: { name: 'renamed' } },
    { what: 'take the delete protection from', body: { hasDeleteProtection: false } },
    { what: 'replace the metadata of', body: { metadata: [{ key: 'team', value: 'payments' }] } },
  ])('returns 403 when a caller wants to $what a stronger identity, and changes nothing', async ({ body }) => {
    const { token } = await manager();
    const root = await app.given.root();
    const target = await app.given.identity();
    await app.http.patch(identity(target.id), { token: root.token, body: { hasDeleteProtection: true } });
    await app.given.customRole(target.id, STRONGER);
    const read = async () => (await app.http.get(identity(target.id), { token: root.token })).body;
    const before: unknown = await read();
    expect(await app.http.patch(identity(target.id), { token, body })).toMatchObject(refusal);
    expect(await read()).toEqual(before);
    await app.given.customRole(target.id, MANAGER);
    expect((await app.http.patch(identity(target.id), { token, body })).status).toBe(200);
  });

  it('lets a caller change the role of an identity that is stronger in another organization, and no more', async () => {
    const { token } = await manager();
    const target = await app.given.identity();
    await app.given.customRole(target.id, MANAGER);
    const same = { name: 'an identity', hasDeleteProtection: true, metadata: [{ key: 'team', value: 'payments' }] };
    await app.http.patch(identity(target.id), { token: (await app.given.root()).token, body: same });
    await app.given.subOrganization({ [target.id]: 'admin' });
    const demote = (body: object) =>
      app.http.patch(identity(target.id), { token, body: { role: 'no-access', ...same, ...body } });
    for (const body of [{ name: 'renamed' }, { hasDeleteProtection: false }, { metadata: [] }]) {
      expect(await demote(body)).toMatchObject({ status: 403, body: { error: 'PermissionBoundaryError' } });
    }
    expect((await demote({})).status).toBe(200);
  });

  it.each([{ name: 'renamed' }, {}])(
    'returns 403 when a caller renames the token of a stronger identity with %j, and changes nothing',
    async (body) => {
      const { token } = await manager();
      const target = await app.given.identity();
      await app.given.customRole(target.id, STRONGER);
      const path = `/api/v1/auth/token-auth/tokens/${target.tokenId}`;
      const read = async () => (await app.http.get(path, { token: (await app.given.root()).token })).body;
      const before: unknown = await read();
      expect(await app.http.patch(path, { token, body })).toMatchObject(refusal);
      expect(await read()).toEqual(before);
      await app.given.customRole(target.id, MANAGER);
      expect((await app.http.patch(path, { token, body })).status).toBe(200);
    },
  );

  it('lets a caller change itself, its Token Auth and its tokens, also while a membership of it is switched off', async () => {
    const caller = await manager();
    const sub = await app.given.subOrganization({ [caller.id]: 'admin' });
    await app.db.query('UPDATE membership SET is_active = false WHERE organization_id = $1', [sub.id]);
    const { token } = caller;
    const answers = [
      await app.http.patch(identity(caller.id), { token, body: { name: 'renamed' } }),
      await app.http.patch(`/api/v1/auth/token-auth/tokens/${caller.tokenId}`, { token, body: { name: 'renamed' } }),
      await app.http.patch(config(caller.id), { token, body: { accessTokenTTL: 60 } }),
      await app.http.delete(config(caller.id), { token }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it('refuses to change an identity that is weak here and strong in another organization', async () => {
    const { token } = await manager();
    const target = await app.given.identity();
    await app.given.subOrganization({ [target.id]: 'member' });
    for (const path of [identity(target.id), `/api/v1/auth/token-auth/tokens/${target.tokenId}`]) {
      expect(await app.http.patch(path, { token, body: { name: 'renamed' } })).toMatchObject({
        status: 403,
        body: { error: 'PermissionBoundaryError' },
      });
    }
    for (const method of ['POST', 'PATCH', 'DELETE']) {
      expect(await app.http.send(method, config(target.id), { token, body: {} })).toMatchObject({
        status: 403,
        body: { error: 'PermissionBoundaryError' },
      });
    }
  });

  it('counts nothing that the caller holds above the organization of its token', async () => {
    const { identityId, organizationId } = await app.given.root();
    const sub = await app.given.subOrganization({ [identityId]: 'admin' });
    const { accessToken: token } = await app.given.mint(identityId, { organizationSlug: sub.slug });
    const target = await app.given.identity({}, { ...(await app.given.root()), organizationId: sub.id, token });
    expect((await app.http.patch(config(target.id), { token, body: {} })).status).toBe(200);
    await app.given.membership(organizationId, target.id, 'member');
    for (const [method, path] of [
      ['PATCH', config(target.id)],
      ['DELETE', config(target.id)],
      ['DELETE', `/api/v1/identities/${target.id}`],
    ] as const) {
      expect(await app.http.send(method, path, { token, body: {} })).toMatchObject({
        status: 403,
        body: { error: 'PermissionBoundaryError' },
      });
    }
  });

  it.each([
    { what: 'those of the identity, for they can be switched on again', isCallerIn: false },
    { what: 'not those of the caller', isCallerIn: true },
  ])('counts memberships that are switched off: $what', async ({ isCallerIn }) => {
    const caller = await manager();
    const target = await app.given.identity();
    const members = { [target.id]: 'member', ...(isCallerIn && { [caller.id]: 'admin' }) };
    const sub = await app.given.subOrganization(members);
    const off = isCallerIn ? caller.id : target.id;
    const update = () => app.http.patch(config(target.id), { token: caller.token, body: {} });
    if (isCallerIn) expect((await update()).status).toBe(200);
    await app.db.query('UPDATE membership SET is_active = false WHERE organization_id = $1 AND identity_id = $2', [
      sub.id,
      off,
    ]);
    expect(await update()).toMatchObject({ status: 403, body: { error: 'PermissionBoundaryError' } });
  });

  it('refuses to create, edit or delete a stronger role that nobody holds', async () => {
    const { token } = await manager();
    const holder = await app.given.bareIdentity();
    const strong = await app.given.customRole(holder, STRONGER);
    await app.given.customRole(holder, []);
    const body = { slug: 'stronger', name: 'Stronger', permissions: STRONGER };
    expect(await app.http.post('/api/v1/organization/roles', { token, body })).toMatchObject(refusal);
    expect(await app.http.patch(role(strong), { token, body: { name: 'x' } })).toMatchObject(refusal);
    expect(await app.http.delete(role(strong), { token })).toMatchObject(refusal);
  });

  it('refuses to add to a role what the caller does not hold, its own or one that nobody holds', async () => {
    const { token, roleId } = await manager();
    const holder = await app.given.bareIdentity();
    const free = await app.given.customRole(holder, []);
    await app.given.customRole(holder, []);
    for (const id of [roleId, free]) {
      const body = { permissions: [...MANAGER, ...STRONGER] };
      expect(await app.http.patch(role(id), { token, body })).toMatchObject(refusal);
    }
  });

  it('refuses to create an identity with a stronger role', async () => {
    const { organizationId } = await app.given.root();
    const { token } = await manager();
    const strong = await app.given.customRole(await app.given.bareIdentity(), STRONGER);
    const body = { name: 'a puppet', organizationId, role: `role-${strong}` };
    expect(await app.http.post('/api/v1/identities', { token, body })).toMatchObject(refusal);
  });

  it('judges a role that is made and then grown by its maker at each step', async () => {
    const { token } = await manager();
    const body = { slug: 'first-step', name: 'First step', permissions: rules('role', 'read') };
    const made = await app.http.post('/api/v1/organization/roles', { token, body });
    expect(made.status).toBe(200);
    const grown = { permissions: STRONGER };
    expect(await app.http.patch(role(made.body.role.id as string), { token, body: grown })).toMatchObject(refusal);
  });
});
