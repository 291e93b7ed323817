import { failedKeys, refusal, told } from '../support/answers.js';
import { auditedDetails, countLogRows, isChain } from '../support/audited-changes.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi, UNKNOWN_ID } from '../support/token-auth-api.js';

const UPDATED = 'update-identity-token-auth';

describe('PATCH /api/v1/auth/token-auth/identities/{identityId}', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());

  describe('200', () => {
    it('changes what is sent and leaves the rest', async () => {
      const { id } = await app.given.identity({ config: { accessTokenTTL: 60, accessTokenMaxTTL: 600 } });
      const before = (await api.config(id)).body.identityTokenAuth;
      app.clock.advance(5);
      const { status, body } = await api.update(id, { accessTokenNumUsesLimit: 7 });
      expect(status).toBe(200);
      expect(body.identityTokenAuth).toEqual({
        ...before,
        accessTokenNumUsesLimit: 7,
        updatedAt: new Date(Date.parse(before.updatedAt as string) + 5000).toISOString(),
      });
      expect((await api.config(id)).body).toEqual(body);
    });

    it('can lift limits with 0', async () => {
      const { id } = await app.given.identity({ config: { accessTokenTTL: 60, accessTokenMaxTTL: 600 } });
      const body = { accessTokenTTL: 3600, accessTokenMaxTTL: 0, accessTokenNumUsesLimit: 0 };
      expect((await api.update(id, body)).body.identityTokenAuth).toMatchObject(body);
    });

    it('leaves issued tokens the limits that they were issued under', async () => {
      const { id, token, tokenId } = await app.given.identity({ config: { accessTokenTTL: 600 } });
      await api.update(id, { accessTokenTTL: 5, accessTokenMaxTTL: 5, accessTokenNumUsesLimit: 1 });
      app.clock.advance(10);
      expect([await api.use(token), await api.use(token)]).toEqual([200, 200]);
      expect((await api.read(tokenId)).body.token).toMatchObject({
        accessTokenTTL: 600,
        accessTokenMaxTTL: 2_592_000,
        accessTokenNumUsesLimit: 0,
      });
      const { body } = await api.mint(id);
      expect(body).toMatchObject({ expiresIn: 5, tokenData: { accessTokenTTL: 5, accessTokenNumUsesLimit: 1 } });
    });

    it('changes the addresses of issued tokens too, on every replica', async () => {
      const { id, token } = await app.given.identity();
      const replica = await TestApp.start({ beside: app });
      const useThere = () => new TokenAuthApi(replica).use(token);
      expect([await api.use(token), await useThere()]).toEqual([200, 200]);
      await api.update(id, { accessTokenTrustedIps: [{ ipAddress: '192.0.2.1' }] });
      await replica.catchUp();
      expect([await api.use(token), await useThere()]).toEqual([403, 403]);
      await api.update(id, { accessTokenTrustedIps: [{ ipAddress: '127.0.0.0/8' }] });
      expect([await api.use(token), await useThere()]).toEqual([200, 200]);
      await replica.stop();
    });

    it('tells followers of a change of addresses, and of no other', async () => {
      const { id } = await app.given.identity();
      const entries = () =>
        app.db.query(`SELECT effect, scope FROM revocation WHERE key LIKE $1`, [`${id}%`]) as Promise<object[]>;
      await api.update(id, { accessTokenTTL: 5 });
      expect(await entries()).toEqual([]);
      await api.update(id, { accessTokenTrustedIps: [{ ipAddress: '192.0.2.1' }] });
      expect(await entries()).toEqual([{ effect: 'changed', scope: 'identity-method' }]);
    });

    it('returns the configuration as it is when every value is the stored one, and writes no log row', async () => {
      const config = {
        accessTokenTTL: 60,
        accessTokenMaxTTL: 600,
        accessTokenNumUsesLimit: 7,
        accessTokenTrustedIps: [{ ipAddress: '192.0.2.1' }, { ipAddress: '2001:DB8::/32' }],
      };
      const { id } = await app.given.identity({ config });
      const { body: stored } = await api.config(id);
      app.clock.advance(5);
      const before = await countLogRows(app);
      for (const body of [{}, config, { accessTokenTTL: 60 }, { accessTokenTrustedIps: config.accessTokenTrustedIps }])
        expect(told(await api.update(id, body))).toEqual({ status: 200, body: stored });
      expect(await countLogRows(app)).toEqual(before);
    });

    it('writes no entry of the revocation log for an allow-list that stays the same beside a changed TTL', async () => {
      const { id } = await app.given.identity({ config: { accessTokenTrustedIps: [{ ipAddress: '127.0.0.1' }] } });
      await api.update(id, { accessTokenTTL: 5, accessTokenTrustedIps: [{ ipAddress: '127.0.0.1' }] });
      expect(await app.db.query(`SELECT FROM revocation WHERE key LIKE $1`, [`${id}%`])).toEqual([]);
      expect(await auditedDetails(app, UPDATED, `identity=${id}`)).toMatchObject([
        { changes: { accessTokenTTL: { from: 2_592_000, to: 5 } } },
      ]);
    });

    it('records old and new values of the changed fields in the audit log', async () => {
      const { id } = await app.given.identity({ config: { accessTokenTTL: 60, accessTokenNumUsesLimit: 3 } });
      const accessTokenTrustedIps = [{ ipAddress: '10.1.2.3/8' }, { ipAddress: '2001:db8::1' }];
      await api.update(id, {
        accessTokenTTL: 60,
        accessTokenMaxTTL: 0,
        accessTokenNumUsesLimit: 0,
        accessTokenTrustedIps,
      });
      expect(await auditedDetails(app, UPDATED, `identity=${id}`)).toEqual([
        {
          ttl: 60,
          maxTtl: 0,
          numUsesLimit: 0,
          changes: {
            accessTokenMaxTTL: { from: 2_592_000, to: 0 },
            accessTokenNumUsesLimit: { from: 3, to: 0 },
            accessTokenTrustedIps: { from: ['0.0.0.0/0', '::/0'], to: ['10.1.2.3/8', '2001:db8::1'] },
          },
        },
      ]);
    });

    it('records the value that each of many concurrent requests replaced, with one revocation entry each', async () => {
      const { id } = await app.given.identity({ config: { accessTokenTrustedIps: [{ ipAddress: '127.0.0.1' }] } });
      const update = (index: number) =>
        api.update(id, { accessTokenTrustedIps: [{ ipAddress: `10.0.0.${index % 4}` }] });
      await Promise.all(Array.from({ length: 24 }, (_, index) => update(index)));
      const details = (await auditedDetails(app, UPDATED, `identity=${id}`)) as {
        changes: { accessTokenTrustedIps: { from: string[]; to: string[] } };
      }[];
      const [{ ipAddress: last }] = (await api.config(id)).body.identityTokenAuth.accessTokenTrustedIps;
      const transitions = details.map(
        ({
          changes: {
            accessTokenTrustedIps: { from, to },
          },
        }) => ({
          from: from[0],
          to: to[0],
        }),
      );
      expect(isChain(transitions, '127.0.0.1', last)).toBe(true);
      const entries: object[] = await app.db.query(`SELECT FROM revocation WHERE key LIKE $1`, [`${id}%`]);
      expect(entries).toHaveLength(details.length);
    });

    it('writes who changed it', async () => {
      const { identityId: actor } = await app.given.root();
      const { id } = await app.given.identity();
      await api.update(id, { accessTokenTTL: 5 });
      expect(await api.events('update-identity-token-auth', id)).toEqual([{ outcome: 'success', actor, token: null }]);
    });
  });

  describe('400', () => {
    it('says that it is not attached', async () => {
      const id = await app.given.bareIdentity();
      expect(told(await api.update(id, {}))).toEqual(
        refusal(400, 'BadRequest', 'Token Auth is not attached to this identity'),
      );
    });

    it.each([
      { stored: { accessTokenTTL: 60, accessTokenMaxTTL: 600 }, sent: { accessTokenTTL: 601 } },
      { stored: { accessTokenTTL: 60, accessTokenMaxTTL: 600 }, sent: { accessTokenMaxTTL: 59 } },
    ])('compares $sent with what is stored, $stored', async ({ stored, sent }) => {
      const { id } = await app.given.identity({ config: stored });
      expect(told(await api.update(id, sent))).toEqual(refusal(400, 'BadRequest'));
      expect((await api.config(id)).body.identityTokenAuth).toMatchObject(stored);
    });
  });

  describe('403', () => {
    it('wants edit-auth, before it tells whether Token Auth is attached', async () => {
      const { token } = await app.given.identity({ role: 'member' });
      const id = await app.given.bareIdentity();
      expect((await api.update(id, {}, token)).body).toMatchObject({ error: 'PermissionDenied' });
    });

    it('lets nobody widen the addresses of an identity that can do more', async () => {
      const caller = await app.given.identity();
      await app.given.customRole(caller.id, [{ subject: 'identity', action: ['edit-auth'] }]);
      const { id } = await app.given.identity({ role: 'admin' });
      expect((await api.update(id, { accessTokenTTL: 5 }, caller.token)).body).toMatchObject({
        error: 'PermissionBoundaryError',
      });
      expect(await api.events('update-identity-token-auth', id)).toEqual([
        { outcome: 'refused', actor: caller.id, token: null },
      ]);
    });

    it('counts what the identity can do in other organizations', async () => {
      const caller = await app.given.identity();
      await app.given.customRole(caller.id, [{ subject: 'identity', action: ['edit-auth'] }]);
      const { id } = await app.given.identity();
      await app.given.subOrganization({ [id]: 'admin' });
      expect((await api.update(id, {}, caller.token)).body).toMatchObject({ error: 'PermissionBoundaryError' });
    });

    it('is for the organization that owns the identity', async () => {
      const { identityId } = await app.given.root();
      const { id } = await app.given.identity();
      const sub = await app.given.subOrganization({ [identityId]: 'admin', [id]: 'no-access' });
      const { accessToken } = await app.given.mint(identityId, { organizationSlug: sub.slug });
      expect(told(await api.update(id, {}, accessToken))).toEqual(refusal(403, 'ForbiddenError'));
    });
  });

  describe('404', () => {
    it.each([UNKNOWN_ID, 'no-uuid'])('knows no identity %s', async (id) => {
      const { token } = await app.given.identity();
      expect(told(await api.update(id, {}, token))).toEqual(refusal(404, 'NotFound', 'Identity not found'));
    });
  });

  describe('422', () => {
    it.each([
      { accessTokenTTL: -1 },
      { accessTokenMaxTTL: 315_360_001 },
      { accessTokenNumUsesLimit: null },
      { accessTokenTrustedIps: [] },
      { accessTokenTrustedIps: [{ ipAddress: 'here' }] },
    ])('refuses %j', async (body) => {
      const { id } = await app.given.identity();
      expect(failedKeys(await api.update(id, body))).toEqual(Object.keys(body));
    });

    it('refuses a TTL above the max TTL of the same body', async () => {
      const { id } = await app.given.identity();
      const body = { accessTokenTTL: 61, accessTokenMaxTTL: 60 };
      expect(failedKeys(await api.update(id, body))).toEqual(['accessTokenTTL']);
    });

    it('wants a body', async () => {
      const { id } = await app.given.identity();
      expect(told(await api.update(id, undefined))).toEqual(refusal(422, 'ValidationFailure', expect.any(Array)));
    });
  });
});
