import { failedKeys, refusal, tally, told } from '../support/answers.js';
import { auditedDetails } from '../support/audited-changes.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi, UNKNOWN_ID } from '../support/token-auth-api.js';

describe('POST /api/v1/auth/token-auth/identities/{identityId}', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());

  const EVERY_ADDRESS = [
    { ipAddress: '0.0.0.0', type: 'ipv4', prefix: 0 },
    { ipAddress: '::', type: 'ipv6', prefix: 0 },
  ];
  const addresses = (...entries: string[]) => entries.map((ipAddress) => ({ ipAddress }));

  describe('200', () => {
    it('gives what is left out its default', async () => {
      const id = await app.given.bareIdentity();
      const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(told(await api.attach(id))).toEqual({
        status: 200,
        body: {
          identityTokenAuth: {
            id: expect.stringMatching(/^[0-9a-f-]{36}$/),
            identityId: id,
            accessTokenTTL: 2_592_000,
            accessTokenMaxTTL: 2_592_000,
            accessTokenNumUsesLimit: 0,
            accessTokenTrustedIps: EVERY_ADDRESS,
            accessTokenPeriod: 0,
            createdAt: time,
            updatedAt: time,
          },
        },
      });
    });

    it.each([
      { sent: { accessTokenMaxTTL: 60 }, kept: { accessTokenTTL: 60, accessTokenMaxTTL: 60 } },
      { sent: { accessTokenMaxTTL: 0 }, kept: { accessTokenTTL: 2_592_000, accessTokenMaxTTL: 0 } },
      { sent: { accessTokenMaxTTL: 9_000_000 }, kept: { accessTokenTTL: 2_592_000, accessTokenMaxTTL: 9_000_000 } },
      { sent: { accessTokenTTL: 0 }, kept: { accessTokenTTL: 0, accessTokenMaxTTL: 2_592_000 } },
      { sent: { accessTokenTTL: 3600, accessTokenMaxTTL: 0 }, kept: { accessTokenTTL: 3600, accessTokenMaxTTL: 0 } },
      { sent: { accessTokenTTL: 60, accessTokenMaxTTL: 60 }, kept: { accessTokenTTL: 60, accessTokenMaxTTL: 60 } },
      {
        sent: { accessTokenTTL: 315_360_000, accessTokenMaxTTL: 315_360_000 },
        kept: { accessTokenTTL: 315_360_000, accessTokenMaxTTL: 315_360_000 },
      },
      { sent: { accessTokenNumUsesLimit: 5 }, kept: { accessTokenNumUsesLimit: 5 } },
    ])('keeps $kept of $sent', async ({ sent, kept }) => {
      const id = await app.given.bareIdentity();
      expect((await api.attach(id, sent)).body.identityTokenAuth).toMatchObject(kept);
      expect((await api.config(id)).body.identityTokenAuth).toMatchObject(kept);
    });

    it('records the limits and addresses in the audit log', async () => {
      const id = await app.given.bareIdentity();
      await api.attach(id, { accessTokenMaxTTL: 60, accessTokenTrustedIps: addresses('127.0.0.1') });
      expect(await auditedDetails(app, 'add-identity-token-auth', `identity=${id}`)).toEqual([
        {
          ttl: 60,
          maxTtl: 60,
          numUsesLimit: 0,
          changes: {
            accessTokenTTL: { to: 60 },
            accessTokenMaxTTL: { to: 60 },
            accessTokenNumUsesLimit: { to: 0 },
            accessTokenTrustedIps: { to: ['127.0.0.1'] },
          },
        },
      ]);
    });

    it('echoes addresses in their order, host bits and all', async () => {
      const id = await app.given.bareIdentity();
      const accessTokenTrustedIps = addresses('10.1.2.3/8', '192.168.0.1', ' 2001:db8::1/32 ', '::1', '0.0.0.0/0');
      expect((await api.attach(id, { accessTokenTrustedIps })).body.identityTokenAuth.accessTokenTrustedIps).toEqual([
        { ipAddress: '10.1.2.3', type: 'ipv4', prefix: 8 },
        { ipAddress: '192.168.0.1', type: 'ipv4' },
        { ipAddress: '2001:db8::1', type: 'ipv6', prefix: 32 },
        { ipAddress: '::1', type: 'ipv6' },
        { ipAddress: '0.0.0.0', type: 'ipv4', prefix: 0 },
      ]);
    });

    it('takes 256 addresses', async () => {
      const id = await app.given.bareIdentity();
      const accessTokenTrustedIps = addresses(...Array.from({ length: 256 }, (_, index) => `10.0.0.${index}`));
      const { body } = await api.attach(id, { accessTokenTrustedIps });
      expect(body.identityTokenAuth.accessTokenTrustedIps).toHaveLength(256);
    });

    it('writes who attached it', async () => {
      const { identityId: actor } = await app.given.root();
      const id = await app.given.bareIdentity();
      await api.attach(id);
      expect(await api.events('add-identity-token-auth', id)).toEqual([{ outcome: 'success', actor, token: null }]);
    });
  });

  describe('400', () => {
    it('says that it is attached already, and leaves it as it was', async () => {
      const id = await app.given.bareIdentity();
      await api.attach(id, { accessTokenTTL: 60 });
      expect(told(await api.attach(id, { accessTokenTTL: 5 }))).toEqual(
        refusal(400, 'BadRequest', 'Token Auth is already attached to this identity'),
      );
      expect((await api.config(id)).body.identityTokenAuth.accessTokenTTL).toBe(60);
    });

    it('answers all but one of 50 at once', async () => {
      const id = await app.given.bareIdentity();
      await app.given.root();
      const answers = await Promise.all(Array.from({ length: 50 }, () => api.attach(id)));
      expect(tally(answers)).toEqual({ 200: 1, 400: 49 });
      const rows: object[] = await app.db.query('SELECT FROM token_auth_config WHERE identity_id = $1', [id]);
      expect(rows).toHaveLength(1);
    });
  });

  describe('403', () => {
    it('wants edit-auth, and notes who had not', async () => {
      const caller = await app.given.identity({ role: 'member' });
      const id = await app.given.bareIdentity();
      expect((await api.attach(id, {}, caller.token)).body).toMatchObject({
        error: 'PermissionDenied',
        message: 'You are not allowed to edit-auth on identity',
      });
      expect(await api.events('add-identity-token-auth', id)).toEqual([
        { outcome: 'refused', actor: caller.id, token: null },
      ]);
    });

    it('lets nobody attach for an identity that can do more', async () => {
      const caller = await app.given.identity();
      await app.given.customRole(caller.id, [{ subject: 'identity', action: ['edit-auth'] }]);
      const id = await app.given.bareIdentity({ role: 'verifier' });
      expect(told(await api.attach(id, {}, caller.token))).toEqual({
        status: 403,
        body: {
          ...refusal(403, 'PermissionBoundaryError').body,
          details: { missingPermissions: [{ subject: 'access-token', action: ['follow-revocations', 'introspect'] }] },
        },
      });
      expect((await api.config(id)).status).toBe(404);
    });

    it('is for the organization that owns the identity', async () => {
      const { identityId } = await app.given.root();
      const id = await app.given.bareIdentity();
      const sub = await app.given.subOrganization({ [identityId]: 'admin', [id]: 'no-access' });
      const { accessToken } = await app.given.mint(identityId, { organizationSlug: sub.slug });
      expect(told(await api.attach(id, {}, accessToken))).toEqual(refusal(403, 'ForbiddenError'));
    });
  });

  describe('404', () => {
    it.each([UNKNOWN_ID, 'no-uuid'])('knows no identity %s, whatever the caller may do', async (id) => {
      const { token } = await app.given.identity();
      expect(told(await api.attach(id, {}, token))).toEqual(refusal(404, 'NotFound', 'Identity not found'));
    });
  });

  describe('422', () => {
    it.each([
      { accessTokenTTL: -1 },
      { accessTokenTTL: 315_360_001 },
      { accessTokenTTL: 1.5 },
      { accessTokenTTL: '60' },
      { accessTokenTTL: null },
      { accessTokenMaxTTL: 315_360_001 },
      { accessTokenNumUsesLimit: -1 },
      { accessTokenNumUsesLimit: 2_147_483_648 },
      { accessTokenTrustedIps: [] },
      { accessTokenTrustedIps: {} },
      { accessTokenTrustedIps: ['10.0.0.1'] },
      { accessTokenTrustedIps: [null] },
      { accessTokenTrustedIps: addresses(...Array.from({ length: 257 }, () => '10.0.0.1')) },
      ...[
        '10.0.0',
        '10.0.0.256',
        '010.0.0.1',
        '10.0.0.1/33',
        '10.0.0.1/-1',
        '10.0.0.1/08',
        '::1/129',
        'fe80::1%eth0',
      ].map((entry) => ({ accessTokenTrustedIps: addresses(entry) })),
    ])('refuses %j', async (body) => {
      const id = await app.given.bareIdentity();
      const answer = await api.attach(id, body);
      expect(told(answer)).toEqual(refusal(422, 'ValidationFailure', expect.any(Array)));
      expect(failedKeys(answer)).toEqual(Object.keys(body));
    });

    it.each([{ accessTokenTTL: 61, accessTokenMaxTTL: 60 }, { accessTokenTTL: 2_592_001 }])(
      'refuses a TTL above the max TTL: %j',
      async (body) => {
        const id = await app.given.bareIdentity();
        expect(failedKeys(await api.attach(id, body))).toEqual(['accessTokenTTL']);
      },
    );
  });
});
