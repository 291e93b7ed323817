import { decodeJwt, headerOf } from '../support/jwt.js';
import { TestApp } from '../support/test-app.js';

const UNKNOWN = '01900000-0000-7000-8000-000000000000';

describe('POST /api/v1/auth/token-auth/identities/{identityId}/tokens', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const createToken = (identityId: string, token: string, body?: unknown, headers?: Record<string, string>) =>
    app.http.post(`/api/v1/auth/token-auth/identities/${identityId}/tokens`, { token, body, headers });

  describe('200', () => {
    it('answers a token with its record', async () => {
      const root = await app.given.root();
      const { id } = await app.given.identity();
      const { status, body, headers } = await createToken(id, root.token, { name: 'deploy' });
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(body).toEqual({
        accessToken: expect.any(String),
        expiresIn: 2_592_000,
        accessTokenMaxTTL: 2_592_000,
        tokenType: 'Bearer',
        tokenData: {
          id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
          identityId: id,
          name: 'deploy',
          accessTokenTTL: 2_592_000,
          accessTokenMaxTTL: 2_592_000,
          accessTokenNumUses: 0,
          accessTokenNumUsesLimit: 0,
          accessTokenPeriod: 0,
          accessTokenLastUsedAt: null,
          accessTokenLastRenewedAt: null,
          isAccessTokenRevoked: false,
          identityUAClientSecretId: null,
          authMethod: 'token-auth',
          subOrganizationId: null,
          createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          updatedAt: expect.any(String),
        },
      });
    });

    it.each([
      { ttl: 60, maxTtl: 0, lifetime: 60 },
      { ttl: 60, maxTtl: 60, lifetime: 60 },
      { ttl: 0, maxTtl: 30, lifetime: 30 },
      { ttl: 0, maxTtl: 0, lifetime: 315_360_000 },
    ])(
      'gives a token of TTL $ttl and max TTL $maxTtl a real lifetime of $lifetime seconds',
      async ({ ttl, maxTtl, lifetime }) => {
        const { id } = await app.given.identity({ config: { accessTokenTTL: ttl, accessTokenMaxTTL: maxTtl } });
        const { body } = await createToken(id, (await app.given.root()).token);
        const { iat, exp } = decodeJwt(body.accessToken) as { iat: number; exp: number };
        expect(body).toMatchObject({
          expiresIn: lifetime,
          accessTokenMaxTTL: maxTtl,
          tokenData: { accessTokenTTL: ttl, accessTokenMaxTTL: maxTtl },
        });
        expect(exp - iat).toBe(lifetime);
      },
    );

    it('gives a token that works until its exp and no longer', async () => {
      const { token } = await app.given.identity({ config: { accessTokenTTL: 60 } });
      const details = () => app.http.get('/api/v1/identities/details', { token });
      app.clock.advance(59.999);
      expect((await details()).status).toBe(200);
      app.clock.advance(0.001);
      expect((await details()).body).toMatchObject({ statusCode: 401, message: 'The access token has expired' });
    });

    it('signs the claims of RFC 9068 and those that clients read', async () => {
      const root = await app.given.root();
      const { id, token, tokenId } = await app.given.identity();
      expect(headerOf(token)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) });
      expect(decodeJwt(token)).toEqual({
        iss: 'http://localhost:8080',
        aud: 'http://localhost:8080',
        sub: id,
        client_id: id,
        jti: tokenId,
        iat: expect.any(Number),
        exp: expect.any(Number),
        identityId: id,
        identityAccessTokenId: tokenId,
        authTokenType: 'identityAccessToken',
        authMethod: 'token-auth',
        orgId: root.organizationId,
        rootOrgId: root.organizationId,
        parentOrgId: null,
        epoch: 0,
      });
    });

    it.each([
      { name: 'a uses limit', config: { accessTokenNumUsesLimit: 5 }, claims: { numUsesLimit: 5, online: true } },
      {
        name: 'a narrow allow-list',
        config: { accessTokenTrustedIps: [{ ipAddress: '127.0.0.1' }] },
        claims: { online: true },
      },
      { name: 'IPv4 only', config: { accessTokenTrustedIps: [{ ipAddress: '0.0.0.0/0' }] }, claims: { online: true } },
    ])('says in the token that it must be asked about: $name', async ({ config, claims }) => {
      const { token } = await app.given.identity({ config });
      expect(decodeJwt(token)).toMatchObject(claims);
    });

    it.each([
      { name: 'no body', body: undefined, headers: undefined },
      { name: 'an empty object', body: {}, headers: undefined },
      { name: 'a JSON content type and nothing', body: undefined, headers: { 'content-type': 'application/json' } },
      {
        name: 'path ids repeated and unknown keys',
        body: { identityId: 'x', tokenId: 1, admin: true },
        headers: undefined,
      },
    ])('takes $name', async ({ body, headers }) => {
      const { id } = await app.given.identity();
      expect(await createToken(id, (await app.given.root()).token, body, headers)).toMatchObject({
        status: 200,
        body: { tokenData: { name: null } },
      });
    });

    it.each(['', 'a'.repeat(255), ' spaces kept ', 'naïve 名前 🚀'])('echoes the name %j', async (name) => {
      const { id } = await app.given.identity();
      expect((await createToken(id, (await app.given.root()).token, { name })).body.tokenData.name).toBe(name);
    });

    it('stores the text of a token nowhere, and logs it nowhere', async () => {
      const { token } = await app.given.identity();
      const signature = token.split('.')[2] ?? '';
      const tables: { name: string }[] = await app.db.query(
        `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
      );
      for (const { name } of tables) {
        const found: unknown[] = await app.db.query(`SELECT 1 FROM "${name}" t WHERE t::text LIKE '%' || $1 || '%'`, [
          signature,
        ]);
        expect({ name, found }).toEqual({ name, found: [] });
      }
      expect(app.logLines.join('')).not.toContain(signature);
    });

    it('writes who minted what into the audit log', async () => {
      const root = await app.given.root();
      const { id, tokenId } = await app.given.identity();
      const events: object[] = await app.db.query(`SELECT * FROM audit_event WHERE token_id = $1`, [tokenId]);
      expect(events).toEqual([
        expect.objectContaining({
          event: 'create-token-identity-token-auth',
          outcome: 'success',
          organization_id: root.organizationId,
          actor_identity_id: root.identityId,
          actor_token_id: expect.any(String),
          identity_id: id,
          ip_address: '127.0.0.1',
          user_agent: 'node',
          req_id: expect.stringMatching(/^req-\w{14}$/),
        }),
      ]);
    });
  });

  describe('403', () => {
    it('names what the caller may do on the subject, when it may not mint', async () => {
      const caller = await app.given.identity({ role: 'member' });
      const { id } = await app.given.identity();
      expect((await createToken(id, caller.token)).body).toEqual({
        reqId: expect.any(String),
        statusCode: 403,
        error: 'PermissionDenied',
        message: 'You are not allowed to create-token on identity',
        details: [{ subject: 'identity', action: ['get-token', 'read'] }],
      });
    });

    it('lets nobody mint for an identity that can do more', async () => {
      const caller = await app.given.identity();
      await app.given.customRole(caller.id, [{ subject: 'identity', action: ['create-token'] }]);
      const target = await app.given.identity({ role: 'verifier' });
      expect((await createToken(target.id, caller.token)).body).toMatchObject({
        error: 'PermissionBoundaryError',
        details: { missingPermissions: [{ subject: 'access-token', action: ['follow-revocations', 'introspect'] }] },
      });
    });

    it('comes before 400, and is noted in the audit log', async () => {
      const caller = await app.given.identity({ role: 'member' });
      const target = await app.given.bareIdentity();
      expect((await createToken(target, caller.token)).status).toBe(403);
      expect(
        await app.db.query(
          `SELECT event, outcome, actor_identity_id FROM audit_event WHERE identity_id = $1 AND outcome = 'refused'`,
          [target],
        ),
      ).toEqual([{ event: 'create-token-identity-token-auth', outcome: 'refused', actor_identity_id: caller.id }]);
    });
  });

  describe('404', () => {
    it('tells an unknown, a foreign and a malformed identity alike, to a caller without permission too', async () => {
      const other = await app.given.otherRoot();
      const { token } = await app.given.identity();
      const answers = await Promise.all(
        [UNKNOWN, other.identityId, 'no-uuid', '%00', 'a'.repeat(300)].map((id) => createToken(id, token)),
      );
      expect(answers.map(({ body }) => ({ ...body, reqId: '' }))).toEqual(
        answers.map(() => ({ reqId: '', statusCode: 404, error: 'NotFound', message: 'Identity not found' })),
      );
    });
  });

  describe('400', () => {
    it('wants Token Auth attached', async () => {
      const target = await app.given.bareIdentity();
      expect((await createToken(target, (await app.given.root()).token)).body).toMatchObject({
        statusCode: 400,
        error: 'BadRequest',
      });
    });
  });

  describe('422', () => {
    it.each([
      { name: 'a'.repeat(256) },
      { name: 5 },
      { name: null },
      { name: 'nul \0' },
      { name: 'lone \ud800' },
      { organizationSlug: '' },
      { organizationSlug: 'a--b' },
      { organizationSlug: '-a' },
      { organizationSlug: 'a_b' },
      { organizationSlug: 'a'.repeat(65) },
      { name: 5, organizationSlug: 5 },
    ])('refuses %j and lists every failure', async (body) => {
      const { id } = await app.given.identity();
      const answer = await createToken(id, (await app.given.root()).token, body);
      expect(answer.body).toMatchObject({ statusCode: 422, error: 'ValidationFailure' });
      const paths = (answer.body.message as { path: string[]; code: string; message: string }[]).map(
        ({ path }) => path[0],
      );
      expect([...new Set(paths)].toSorted()).toEqual(Object.keys(body).toSorted());
    });
  });
});
