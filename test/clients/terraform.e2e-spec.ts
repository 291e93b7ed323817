import type { Answer } from '../support/http-client.js';
import { TestApp } from '../support/test-app.js';

/** What the Terraform provider sends, request by request, and what it reads of the answers. */
describe('the Terraform provider', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  /** One call with the provider's headers; a body goes with DELETE too. */
  const send = async (method: string, path: string, body?: unknown, status = 200): Promise<Answer['body']> => {
    const { token } = await app.given.root();
    const headers = { 'user-agent': 'terraform', accept: 'application/json', 'accept-encoding': 'gzip' };
    const answer = await app.http.send(method, path, { token, body, headers });
    expect({ status: answer.status, type: answer.headers.get('content-type') }).toEqual({
      status,
      type: expect.stringContaining('application/json'),
    });
    return answer.body;
  };

  const createIdentity = async () => {
    const { organizationId } = await app.given.root();
    const body = { name: 'tf', hasDeleteProtection: false, organizationId, role: 'member' };
    const { identity } = await send('POST', '/api/v1/identities', body);
    return identity as { id: string; hasDeleteProtection: boolean; authMethods: string[] };
  };
  const configOf = (identityId: string) => `/api/v1/auth/token-auth/identities/${identityId}`;
  const tokenOf = (tokenId: string) => `/api/v1/auth/token-auth/tokens/${tokenId}`;

  it('finds its organization', async () => {
    const { organizationId, slug } = await app.given.root();
    const { identityDetails } = await send('GET', '/api/v1/identities/details');
    expect(identityDetails.organization).toEqual({ id: organizationId, name: expect.any(String), slug });
  });

  it('creates, reads and updates an identity, and plans nothing afterwards', async () => {
    const { organizationId } = await app.given.root();
    const { id, hasDeleteProtection, authMethods } = await createIdentity();
    expect({ hasDeleteProtection, authMethods }).toEqual({ hasDeleteProtection: false, authMethods: [] });
    const path = `/api/v1/identities/${id}`;
    const update = { identityId: id, name: 'tf 2', hasDeleteProtection: true, role: 'no-access' };
    const metadata = [
      { key: 'team', value: 'payments' },
      { key: 'env', value: 'prod' },
    ];
    const { identity } = await send('PATCH', path, { ...update, metadata });
    expect(identity).toMatchObject({ hasDeleteProtection: true, authMethods: [] });
    const read = (await send('GET', path)).identity;
    expect(read).toMatchObject({
      role: 'no-access',
      orgId: organizationId,
      metadata,
      identity: { id, name: 'tf 2', hasDeleteProtection: true, authMethods: [] },
    });
    expect(read).not.toHaveProperty('customRole');
    await send('PATCH', path, { identityId: id, name: 'tf 2', hasDeleteProtection: false, metadata: [] });
    expect((await send('GET', path)).identity.metadata).toEqual([]);
  });

  it('attaches with nothing but the identity id, and reads the defaults', async () => {
    const { id } = await createIdentity();
    const { identityTokenAuth } = await send('POST', configOf(id), { identityId: id });
    expect(identityTokenAuth).toMatchObject({
      identityId: id,
      accessTokenTTL: 2_592_000,
      accessTokenMaxTTL: 2_592_000,
      accessTokenNumUsesLimit: 0,
      accessTokenTrustedIps: [
        { ipAddress: '0.0.0.0', type: 'ipv4', prefix: 0 },
        { ipAddress: '::', type: 'ipv6', prefix: 0 },
      ],
    });
    expect((await send('GET', configOf(id))).identityTokenAuth).toEqual(identityTokenAuth);
    expect((await send('GET', `/api/v1/identities/${id}`)).identity.identity.authMethods).toEqual(['token-auth']);
  });

  it('reads addresses back as it wrote them', async () => {
    const { id } = await createIdentity();
    const sent = ['10.1.2.3/8', '192.168.0.1', '2001:db8::1/32', '0.0.0.0/0'];
    const accessTokenTrustedIps = sent.map((ipAddress) => ({ ipAddress }));
    await send('POST', configOf(id), { identityId: id, accessTokenTrustedIps, accessTokenTTL: 3600 });
    const { accessTokenTrustedIps: read } = (await send('GET', configOf(id))).identityTokenAuth;
    const joined = (read as { ipAddress: string; prefix?: number }[]).map(({ ipAddress, prefix }) =>
      prefix === undefined ? ipAddress : `${ipAddress}/${prefix}`,
    );
    expect(joined).toEqual(sent);
  });

  it('mints, reads and renames a token', async () => {
    const { id } = await createIdentity();
    await send('POST', configOf(id), { identityId: id });
    const { accessToken, tokenData } = await send('POST', `${configOf(id)}/tokens`, { identityId: id, name: '' });
    expect(accessToken).toMatch(/^eyJ/);
    expect(tokenData).toMatchObject({ name: '', isAccessTokenRevoked: false, accessTokenNumUses: 0 });
    const path = tokenOf(tokenData.id as string);
    expect((await send('GET', path)).token).toEqual(tokenData);
    const { token } = await send('PATCH', path, { tokenId: tokenData.id, name: 'renamed' });
    expect(token).toMatchObject({
      id: tokenData.id,
      identityId: id,
      name: 'renamed',
      createdAt: tokenData.createdAt,
    });
  });

  it('destroys in its order: token, configuration, identity', async () => {
    const { id } = await createIdentity();
    await send('POST', configOf(id), { identityId: id });
    const { tokenData } = await send('POST', `${configOf(id)}/tokens`, { identityId: id, name: 'x' });
    const path = tokenOf(tokenData.id as string);
    await send('POST', `${path}/revoke`, { identityId: id, tokenId: tokenData.id });
    expect((await send('GET', path)).token).toMatchObject({ isAccessTokenRevoked: true });
    await send('DELETE', configOf(id), { identityId: id });
    await send('GET', configOf(id), undefined, 404);
    await send('DELETE', `/api/v1/identities/${id}`, { identityId: id });
    for (const gone of [`/api/v1/identities/${id}`, configOf(id), path]) await send('GET', gone, undefined, 404);
  });

  it('keeps a sub-organization, which it reads by listing', async () => {
    const { organizationId } = await app.given.root();
    const { organization } = await send('POST', '/api/v1/sub-organizations', { name: 'Payments EU' });
    expect(organization).toMatchObject({ name: 'Payments EU', slug: 'payments-eu', parentOrgId: organizationId });
    const { id } = organization as { id: string };
    await send('PATCH', `/api/v1/sub-organizations/${id}`, { name: 'Payments' });
    const listed = async () => {
      const { organizations, totalCount } = await send('GET', '/api/v1/sub-organizations?limit=1000&offset=0');
      expect(totalCount).toBe(organizations.length);
      return (organizations as { id: string }[]).find((each) => each.id === id);
    };
    expect(await listed()).toMatchObject({ name: 'Payments', slug: 'payments-eu' });
    await send('DELETE', `/api/v1/sub-organizations/${id}`);
    expect(await listed()).toBeUndefined();
  });

  it('keeps a custom role', async () => {
    const permissions = [{ subject: 'identity', action: ['read', 'create-token'] }];
    const { role } = await send('POST', '/api/v1/organization/roles', { slug: 'minter', name: 'Minter', permissions });
    expect(role).toMatchObject({ id: expect.any(String), slug: 'minter', name: 'Minter' });
    const path = `/api/v1/organization/roles/${role.id}`;
    expect((await send('GET', '/api/v1/organization/roles/slug/minter')).role.id).toBe(role.id);
    await send('PATCH', path, { slug: 'minter', name: 'Minter 2', permissions });
    expect((await send('GET', path)).role.name).toBe('Minter 2');
    await send('DELETE', path);
    await send('GET', path, undefined, 404);
  });
});
