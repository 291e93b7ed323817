import { decodeJwt } from '../support/jwt.js';
import { TestApp } from '../support/test-app.js';
import { UNKNOWN_ID } from '../support/token-auth-api.js';

const DAY = 86_400;

describe('POST /api/v1/auth/token-auth/identities/{identityId}/tokens with Idempotency-Key', () => {
  let app: TestApp;
  let token: string;
  beforeAll(async () => {
    app = await TestApp.start();
    ({ token } = await app.given.root());
  });
  afterAll(() => app.stop());

  const createToken = (identityId: string, key: string, body?: object, caller = token) =>
    app.http.post(`/api/v1/auth/token-auth/identities/${identityId}/tokens`, {
      token: caller,
      body,
      headers: { 'idempotency-key': key },
    });
  const given = async (config: object = {}) => {
    const identityId = await app.given.bareIdentity();
    await app.given.attach(identityId, config);
    return identityId;
  };
  const countOf = async (table: 'access_token' | 'audit_event', identityId: string) => {
    const filter = table === 'audit_event' ? `AND event = 'create-token-identity-token-auth'` : '';
    const rows: unknown[] = await app.db.query(`SELECT 1 FROM ${table} WHERE identity_id = $1 ${filter}`, [identityId]);
    return rows.length;
  };

  describe('200', () => {
    it('gives the same token with the same claims again, and writes nothing', async () => {
      const id = await given();
      const first = await createToken(id, 'one', { name: 'deploy' });
      app.clock.advance(60);
      const second = await createToken(id, 'one', { name: 'deploy' });
      expect([first.status, second.status]).toEqual([200, 200]);
      expect(decodeJwt(second.body.accessToken as string)).toEqual(decodeJwt(first.body.accessToken as string));
      expect(second.body).toEqual({ ...first.body, accessToken: second.body.accessToken });
      expect(
        (await app.http.get('/api/v1/identities/details', { token: second.body.accessToken as string })).status,
      ).toBe(200);
      expect(await countOf('access_token', id)).toBe(1);
      expect(await countOf('audit_event', id)).toBe(1);
    });

    it('gives one token to 50 at once', async () => {
      const id = await given();
      const answers = await Promise.all(Array.from({ length: 50 }, () => createToken(id, 'at once')));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(new Set(answers.map(({ body }) => body.tokenData.id as string)).size).toBe(1);
      expect(await countOf('access_token', id)).toBe(1);
    });

    it('answers the record as it stands', async () => {
      const id = await given({ accessTokenNumUsesLimit: 5 });
      const first = await createToken(id, 'one', { name: 'before' });
      await app.http.get('/api/v1/identities/details', { token: first.body.accessToken as string });
      const { id: tokenId } = first.body.tokenData;
      await app.http.patch(`/api/v1/auth/token-auth/tokens/${tokenId}`, { token, body: { name: 'after' } });
      expect((await createToken(id, 'one', { name: 'before' })).body.tokenData).toMatchObject({
        id: tokenId,
        name: 'after',
        accessTokenNumUses: 1,
      });
    });

    it('signs claims that the service derives again, whatever the stored claims say', async () => {
      const id = await given({ accessTokenNumUsesLimit: 5 });
      const first = await createToken(id, 'one');
      const claims = { sub: UNKNOWN_ID, identityId: UNKNOWN_ID, client_id: UNKNOWN_ID, exp: 4102444800, epoch: 999 };
      await app.db.query(
        `UPDATE idempotency_key SET claims = (claims || $2) - 'numUsesLimit' - 'online' WHERE target_identity_id = $1`,
        [id, claims],
      );
      const second = await createToken(id, 'one');
      expect(second.status).toBe(200);
      expect(decodeJwt(second.body.accessToken as string)).toEqual(decodeJwt(first.body.accessToken as string));
    });

    it('gives another caller, another identity and another scope tokens of their own', async () => {
      const id = await given();
      const other = await given();
      const admin = await app.given.identity({ role: 'admin' });
      const { identityId } = await app.given.root();
      const { slug } = await app.given.subOrganization({ [identityId]: 'admin', [id]: 'no-access' });
      const answers = [
        await createToken(id, 'shared'),
        await createToken(other, 'shared'),
        await createToken(id, 'shared', undefined, admin.token),
        await createToken(id, 'shared', { organizationSlug: slug }),
        await createToken(id, 'not shared'),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
      expect(new Set(answers.map(({ body }) => body.tokenData.id as string)).size).toBe(5);
    });

    it('gives a new token after 24 hours, and that one again', async () => {
      const id = await given();
      const admin = await app.given.identity({
        role: 'admin',
        config: { accessTokenTTL: 10 * DAY, accessTokenMaxTTL: 10 * DAY },
      });
      const idOfRepeat = async () =>
        (await createToken(id, 'daily', undefined, admin.token)).body.tokenData.id as string;
      const first = await idOfRepeat();
      app.clock.advance(DAY - 0.001);
      expect(await idOfRepeat()).toBe(first);
      app.clock.advance(0.001);
      const second = await idOfRepeat();
      expect(second).not.toBe(first);
      expect(await idOfRepeat()).toBe(second);
    });
  });

  describe('400', () => {
    it.each([{ body: { name: 'two' } }, { body: {} }, { body: { name: '' } }])(
      'to another body $body',
      async ({ body }) => {
        const id = await given();
        await createToken(id, 'one', { name: 'one' });
        expect(await createToken(id, 'one', body)).toMatchObject({
          status: 400,
          body: { error: 'BadRequest', message: 'The Idempotency-Key was used before with another body' },
        });
        expect(await countOf('access_token', id)).toBe(1);
      },
    );

    it.each([
      {
        what: 'revoked',
        act: (_: string, tokenId: string) =>
          app.http.post(`/api/v1/auth/token-auth/tokens/${tokenId}/revoke`, { token }),
      },
      { what: 'expired', act: async () => app.clock.advance(100) },
      {
        what: 'used up',
        act: async (_: string, _id: string, text: string) =>
          app.http.get('/api/v1/identities/details', { token: text }),
      },
      {
        what: 'detached, though attached again',
        act: async (id: string) => {
          await app.http.delete(`/api/v1/auth/token-auth/identities/${id}`, { token });
          await app.given.attach(id);
        },
      },
    ])('when the token was $what meanwhile', async ({ act }) => {
      const id = await given({ accessTokenTTL: 100, accessTokenNumUsesLimit: 1 });
      const { body } = await createToken(id, 'one');
      await act(id, body.tokenData.id as string, body.accessToken as string);
      expect(await createToken(id, 'one')).toMatchObject({
        status: 400,
        body: { message: 'The token that the Idempotency-Key stands for is no longer good' },
      });
      expect(await countOf('access_token', id)).toBe(1);
    });
  });

  describe('400 for a stored record that was changed to point to a token', () => {
    const change = async (statement: string, id: string, tokenId: unknown): Promise<void> => {
      expect(await app.db.query(statement, [id, tokenId])).toEqual([[], 1]);
    };
    const POINT_TO = `UPDATE idempotency_key SET token_id = $2 WHERE target_identity_id = $1 AND key = 'one'`;
    const minted = async (caller?: string) => {
      const id = await given();
      return { id, tokenId: (await createToken(id, 'one', undefined, caller)).body.tokenData.id as string };
    };
    const expectNoToken = async (id: string): Promise<void> =>
      expect(await createToken(id, 'one')).toMatchObject({
        status: 400,
        body: { message: 'The token that the Idempotency-Key stands for is no longer good' },
      });

    it('of another identity', async () => {
      const { id } = await minted();
      await change(POINT_TO, id, (await minted()).tokenId);
      await expectNoToken(id);
    });

    it('that another caller created', async () => {
      const { id } = await minted();
      const { token: caller } = await app.given.identity({ role: 'admin' });
      await change(POINT_TO, id, (await createToken(id, 'two', undefined, caller)).body.tokenData.id);
      await expectNoToken(id);
    });

    it('that is scoped to another organization', async () => {
      const { id } = await minted();
      const { identityId } = await app.given.root();
      const { slug } = await app.given.subOrganization({ [identityId]: 'admin', [id]: 'no-access' });
      const below = await createToken(id, 'two', { organizationSlug: slug });
      await change(POINT_TO, id, below.body.tokenData.id);
      await expectNoToken(id);
    });

    it('whose creation time is in the future', async () => {
      const { id, tokenId } = await minted();
      const insert = `INSERT INTO access_token
        SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'created_at', $2::timestamptz))).*
        FROM access_token t WHERE id = $1 RETURNING id`;
      const future = new Date(app.clock.now().getTime() + 1000);
      const [later]: { id: string }[] = await app.db.query(insert, [tokenId, future]);
      await change(POINT_TO, id, later?.id);
      await expectNoToken(id);
    });
  });

  describe('403', () => {
    it('when the caller may no longer mint, and when the identity has grown stronger', async () => {
      const id = await given();
      const caller = await app.given.identity({ role: 'admin' });
      await app.given.customRole(caller.id, [{ subject: 'identity', action: ['create-token'] }]);
      expect((await createToken(id, 'one', undefined, caller.token)).status).toBe(200);
      await app.db.query(`UPDATE membership SET role = 'admin' WHERE identity_id = $1`, [id]);
      expect((await createToken(id, 'one', undefined, caller.token)).body.error).toBe('PermissionBoundaryError');
      await app.db.query(`UPDATE membership SET role = 'member', role_id = NULL WHERE identity_id = $1`, [caller.id]);
      expect((await createToken(id, 'one', undefined, caller.token)).body.error).toBe('PermissionDenied');
    });
  });

  describe('422', () => {
    it.each([
      { what: 'empty', key: '' },
      { what: 'too long', key: 'k'.repeat(65) },
      { what: 'not ASCII', key: 'schl\u00fcssel' },
      { what: 'with a tab', key: 'a\tb' },
    ])('to a key that is $what', async ({ key }) => {
      const id = await given();
      expect(await createToken(id, key)).toMatchObject({
        status: 422,
        body: { message: [{ path: ['Idempotency-Key'] }] },
      });
      expect((await createToken(id, 'k'.repeat(64))).status).toBe(200);
    });
  });
});
