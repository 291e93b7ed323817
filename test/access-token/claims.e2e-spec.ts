import { decodeJwt, headerOf } from '../support/jwt.js';
import { TestApp } from '../support/test-app.js';

/** RFC 9068 section 2.2, and what the clients of this API read beside it. */
const REQUIRED = ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'];
const OURS = 'identityId identityAccessTokenId authTokenType authMethod orgId rootOrgId parentOrgId epoch'.split(' ');
const ALWAYS = [...REQUIRED, ...OURS].toSorted();

describe('the claims of an access token', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const mint = async (identityId: string, headers?: Record<string, string>, body: object = {}): Promise<string> => {
    const path = `/api/v1/auth/token-auth/identities/${identityId}/tokens`;
    const { token } = await app.given.root();
    return (await app.http.post(path, { token, headers, body })).body.accessToken as string;
  };
  const renewed = async (token: string): Promise<string> =>
    (await app.http.post('/api/v1/auth/token/renew', { body: { accessToken: token } })).body.accessToken as string;
  const inSubOrganization = async (): Promise<string> => {
    const root = await app.given.root();
    const { id } = await app.given.identity();
    const { slug } = await app.given.subOrganization({ [root.identityId]: 'admin', [id]: 'no-access' });
    return mint(id, {}, { organizationSlug: slug });
  };
  const repeated = async (): Promise<string> => {
    const { id } = await app.given.identity();
    await mint(id, { 'idempotency-key': id });
    return mint(id, { 'idempotency-key': id });
  };

  const ways: [name: string, issue: () => Promise<string>][] = [
    ['bootstrapped', async () => (await app.given.root()).token],
    ['minted', async () => (await app.given.identity()).token],
    ['minted for a sub-organization', inSubOrganization],
    ['minted once more under its idempotency key', repeated],
    ['renewed', async () => renewed((await app.given.identity()).token)],
    ['renewed in a sub-organization', async () => renewed(await inSubOrganization())],
  ];
  describe.each(ways)('that is %s', (_name, issue) => {
    it('are those of RFC 9068 and those that clients read, and no others', async () => {
      const token = await issue();
      const claims = decodeJwt(token);
      expect(Object.keys(claims).toSorted()).toEqual(ALWAYS);
      expect(headerOf(token)).toEqual({ typ: 'at+jwt', alg: 'ES256', kid: expect.stringMatching(/^[\w-]{43}$/) });
      const { sub, jti } = claims;
      expect(claims).toMatchObject({ client_id: sub, identityId: sub, identityAccessTokenId: jti });
      expect(claims).toMatchObject({ authTokenType: 'identityAccessToken', authMethod: 'token-auth' });
      for (const name of ['iat', 'exp', 'epoch']) expect(Number.isSafeInteger(claims[name])).toBe(true);
    });
  });

  it.each([
    { accessTokenNumUsesLimit: 3, also: ['numUsesLimit', 'online'] },
    { accessTokenTrustedIps: [{ ipAddress: '127.0.0.1' }], also: ['online'] },
  ])('say $also too where it is limited', async ({ also, ...config }) => {
    const { token } = await app.given.identity({ config });
    for (const text of [token, await renewed(token)]) {
      expect(Object.keys(decodeJwt(text)).toSorted()).toEqual([...ALWAYS, ...also].toSorted());
      expect(decodeJwt(text).online).toBe(true);
    }
  });

  it('hold ids and no names', async () => {
    const root = await app.given.root();
    const name = 'somebody by name';
    const body = { name, organizationId: root.organizationId, role: 'no-access' };
    const { identity } = (await app.http.post('/api/v1/identities', { token: root.token, body })).body;
    await app.given.attach(identity.id as string);
    const claims = JSON.stringify(decodeJwt(await mint(identity.id as string, {}, { name: 'the name of a token' })));
    for (const text of [name, 'the name of a token', 'Acme', root.slug]) expect(claims).not.toContain(text);
  });
});
