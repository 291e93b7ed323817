import fc from 'fast-check';
import { refusal, told } from '../support/answers.js';
import { decodeJwt } from '../support/jwt.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

describe('POST /api/v1/auth/token/renew', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());

  const renew = (accessToken: unknown, headers?: Record<string, string>) =>
    app.http.post('/api/v1/auth/token/renew', { body: { accessToken }, headers });
  const secondsNow = () => Math.floor(app.clock.now().getTime() / 1000);
  const given = (accessTokenTTL: number, accessTokenMaxTTL: number, accessTokenNumUsesLimit = 0) =>
    app.given.identity({ config: { accessTokenTTL, accessTokenMaxTTL, accessTokenNumUsesLimit } });

  describe('200', () => {
    it.each([
      { name: 'without an Authorization header', headers: undefined },
      { name: 'with one that is not looked at', headers: { authorization: 'Bearer junk' } },
    ])('gives the same token a new end, $name', async ({ headers }) => {
      const { token, tokenId, id } = await given(600, 3600);
      app.clock.advance(100);
      const { status, body } = await renew(token, headers);
      expect({ status, body }).toEqual({
        status: 200,
        body: { accessToken: expect.any(String), expiresIn: 600, accessTokenMaxTTL: 3600, tokenType: 'Bearer' },
      });
      const iat = secondsNow();
      expect(decodeJwt(body.accessToken)).toMatchObject({ jti: tokenId, sub: id, iat, exp: iat + 600 });
      expect((await api.read(tokenId)).body.token).toMatchObject({
        accessTokenLastRenewedAt: app.clock.now().toISOString(),
        accessTokenTTL: 600,
      });
    });

    it.each([
      { ttl: 600, maxTtl: 3600, after: 100, left: 600 },
      { ttl: 600, maxTtl: 650, after: 100, left: 550 },
      { ttl: 600, maxTtl: 0, after: 500, left: 600 },
      { ttl: 0, maxTtl: 600, after: 500, left: 100 },
      { ttl: 0, maxTtl: 0, after: 500, left: 315_360_000 },
      { ttl: 600, maxTtl: 600, after: 598, left: 2 },
    ])('of TTL $ttl and max TTL $maxTtl gives $left seconds after $after', async ({ ttl, maxTtl, after, left }) => {
      const { token } = await given(ttl, maxTtl);
      app.clock.advance(after);
      const { body } = await renew(token);
      const { iat, exp } = decodeJwt(body.accessToken) as { iat: number; exp: number };
      expect([body.expiresIn, exp - iat]).toEqual([left, left]);
    });

    it('leaves the old text good to its own end, and not beyond', async () => {
      const { token } = await given(60, 3600);
      app.clock.advance(30);
      const { accessToken } = (await renew(token)).body as { accessToken: string };
      app.clock.advance(29.999);
      expect([await api.use(token), await api.use(accessToken)]).toEqual([200, 200]);
      app.clock.advance(0.001);
      expect([await api.use(token), await api.use(accessToken)]).toEqual([401, 200]);
      app.clock.advance(30);
      expect(await api.use(accessToken)).toBe(401);
    });

    it('never shortens what an earlier text was given', async () => {
      const { token } = await given(600, 610);
      app.clock.advance(590);
      const { accessToken } = (await renew(token)).body as { accessToken: string };
      expect(decodeJwt(accessToken).exp).toBe(Number(decodeJwt(token).exp) + 10);
    });

    it('costs no use', async () => {
      const { token, tokenId } = await given(600, 3600, 2);
      const { accessToken } = (await renew(token)).body as { accessToken: string };
      expect((await api.read(tokenId)).body.token.accessTokenNumUses).toBe(0);
      expect([await api.use(token), await api.use(accessToken), await api.use(token)]).toEqual([200, 200, 401]);
    });

    it('keeps the limits that the token was issued under', async () => {
      const { id, token } = await given(600, 3600);
      await api.update(id, { accessTokenTTL: 5, accessTokenMaxTTL: 5 });
      app.clock.advance(300);
      expect((await renew(token)).body).toMatchObject({ expiresIn: 600, accessTokenMaxTTL: 3600 });
    });

    it('writes who renewed it', async () => {
      const { id, token, tokenId } = await given(600, 3600);
      await renew(token);
      expect(await api.events('renew-identity-access-token', id)).toEqual([
        { outcome: 'success', actor: id, token: tokenId },
      ]);
    });
  });

  describe('401', () => {
    it.each([
      { offset: -1, status: 200 },
      { offset: 0, status: 401 },
      { offset: 1, status: 401 },
    ])('answers $status at exp with $offset milliseconds added (CVE-2021-32923)', async ({ offset, status }) => {
      const { token } = await given(60, 3600);
      const exp = Number(decodeJwt(token).exp) * 1000;
      app.clock.advance((exp + offset - app.clock.now().getTime()) / 1000);
      const answer = await renew(token);
      expect([answer.status, answer.body.expiresIn]).toEqual([status, status === 200 ? 60 : undefined]);
    });

    it('is for what has less than a second of its max TTL left', async () => {
      const { token } = await given(600, 600);
      const end = Number(decodeJwt(token).exp) * 1000;
      const renewAt = (millisecondsLeft: number) => {
        app.clock.advance((end - millisecondsLeft - app.clock.now().getTime()) / 1000);
        return renew(token);
      };
      expect((await renewAt(1000)).body.expiresIn).toBe(1);
      expect(told(await renewAt(999))).toEqual(
        refusal(401, 'UnauthorizedError', 'The access token has reached its max TTL'),
      );
    });

    it('is for a revoked, a detached and a used-up token', async () => {
      const revoked = await given(600, 3600);
      await api.revoke(revoked.tokenId);
      const detached = await given(600, 3600);
      await api.detach(detached.id);
      const used = await given(600, 3600, 1);
      await api.use(used.token);
      for (const { token } of [revoked, detached, used]) {
        const answer = await renew(token);
        expect(told(answer)).toEqual(refusal(401, 'UnauthorizedError'));
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token", error_description="/);
      }
    });

    it('is for a membership that is switched off', async () => {
      const { id, token } = await given(600, 3600);
      await app.db.query('UPDATE membership SET is_active = false WHERE identity_id = $1', [id]);
      expect((await renew(token)).status).toBe(401);
    });

    it.each(['', 'junk', 'a.b.c', 'x'.repeat(5000)])('is for a text that is none: %j', async (text) => {
      expect(told(await renew(text))).toEqual(refusal(401, 'UnauthorizedError'));
    });
  });

  describe('422', () => {
    it.each([undefined, null, 5, ['x']])('wants a text, not %j', async (accessToken) => {
      expect(told(await renew(accessToken))).toEqual(refusal(422, 'ValidationFailure', expect.any(Array)));
    });
  });

  it('by no chain of renewals, renames, updates and re-attachments outlives the first max TTL (CVE-2026-44394)', async () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 400_000 }).map((milliseconds) => milliseconds / 1000),
      act: fc.constantFrom('renew', 'renew oldest', 'rename', 'update', 're-attach'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const { id, token, tokenId } = await given(300, 900);
        const end = Number(decodeJwt(token).iat) + 900;
        const texts = [token];
        for (const { wait, act } of steps) {
          app.clock.advance(wait);
          if (act === 'rename') await api.rename(tokenId, { name: act });
          if (act === 'update') await api.update(id, { accessTokenTTL: 0, accessTokenMaxTTL: 0 });
          if (act === 're-attach') await api.detach(id).then(() => api.attach(id, { accessTokenMaxTTL: 0 }));
          if (!act.startsWith('renew')) continue;
          const { status, body } = await renew(act === 'renew' ? texts.at(-1) : texts[0]);
          if (status === 200) texts.push(body.accessToken as string);
        }
        expect(texts.filter((text) => Number(decodeJwt(text).exp) > end)).toEqual([]);
        app.clock.advance(Math.max(0, end - app.clock.now().getTime() / 1000));
        for (const text of texts) expect(await api.use(text)).toBe(401);
      }),
      { numRuns: 25 },
    );
  });
});
