import { TestApp } from '../support/test-app.js';

const UNKNOWN = '01900000-0000-7000-8000-000000000000';

describe('known advisories', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const countTokens = async (): Promise<number> => {
    const rows: unknown[] = await app.db.query('SELECT 1 FROM access_token');
    return rows.length;
  };
  const path = (identityId: string) => `/api/v1/auth/token-auth/identities/${identityId}/tokens`;

  it('CVE-2025-61928: ids in the body mint nothing for a caller without a token or of another organization', async () => {
    const root = await app.given.root();
    const { id } = await app.given.identity();
    const other = await app.given.otherRoot();
    const body = { identityId: id, userId: id, id, orgId: root.organizationId, organizationId: root.organizationId };
    const before = await countTokens();
    expect((await app.http.post(path(id), { body })).status).toBe(401);
    expect((await app.http.post(path(id), { body, token: other.token })).status).toBe(404);
    expect((await app.http.post(path(UNKNOWN), { body, token: root.token })).status).toBe(404);
    expect(await countTokens()).toBe(before);
  });

  it('CVE-2025-61928: fields that only the server sets change nothing', async () => {
    const { token } = await app.given.root();
    const { id } = await app.given.identity();
    const { body } = await app.http.post(path(id), {
      token,
      body: {
        id: UNKNOWN,
        identityId: UNKNOWN,
        orgId: UNKNOWN,
        accessTokenNumUses: 9,
        numUses: 9,
        accessTokenTTL: 1,
        isAccessTokenRevoked: true,
        createdAt: '2000-01-01T00:00:00Z',
        epoch: 99,
      },
    });
    expect(body.tokenData.id).not.toBe(UNKNOWN);
    expect(body.tokenData).toMatchObject({
      identityId: id,
      accessTokenNumUses: 0,
      accessTokenTTL: 2_592_000,
      isAccessTokenRevoked: false,
      createdAt: app.clock.now().toISOString(),
    });
  });

  it.each([
    { method: 'GET', suffix: '' },
    { method: 'PATCH', suffix: '' },
    { method: 'POST', suffix: '/revoke' },
  ])('CVE-2026-40264: $method tokens/{tokenId}$suffix knows no token of elsewhere', async ({ method, suffix }) => {
    const root = await app.given.root();
    const { id, tokenId } = await app.given.identity();
    const { slug } = await app.given.subOrganization({ [root.identityId]: 'admin', [id]: 'no-access' });
    const below = await app.given.mint(root.identityId, { organizationSlug: slug });
    const other = await app.given.otherRoot();
    const send = (token: string, unknown: string) =>
      app.http.send(method, `/api/v1/auth/token-auth/tokens/${unknown}${suffix}`, {
        token,
        body: method === 'GET' ? undefined : { name: 'taken' },
      });
    const rows = () => app.db.query('SELECT * FROM access_token WHERE identity_id = $1 ORDER BY id', [id]);
    const before: unknown = await rows();
    const { statusCode, error, message } = (await send(root.token, UNKNOWN)).body;
    const expected = { statusCode, error, message };
    expect(expected.statusCode).toBe(404);
    expect((await send(other.token, tokenId)).body).toMatchObject(expected);
    expect((await send(below.accessToken, tokenId)).body).toMatchObject(expected);
    expect(await rows()).toEqual(before);
  });
});
