import { refusal, tally, told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

describe('POST /api/v1/auth/token/revoke', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());

  const revoke = (accessToken: unknown, headers?: Record<string, string>) =>
    app.http.post('/api/v1/auth/token/revoke', { body: { accessToken }, headers });

  describe('200', () => {
    it('ends the token whose text is in the body, and keeps its record', async () => {
      const { token, tokenId } = await app.given.identity();
      expect(told(await revoke(token))).toEqual({
        status: 200,
        body: { message: 'Successfully revoked access token' },
      });
      expect(await api.use(token)).toBe(401);
      expect((await api.read(tokenId)).body.token).toMatchObject({ isAccessTokenRevoked: true });
    });

    it('ends every text of the token', async () => {
      const { token } = await app.given.identity();
      const { body } = await app.http.post('/api/v1/auth/token/renew', { body: { accessToken: token } });
      await revoke(token);
      expect(await api.use(body.accessToken as string)).toBe(401);
    });

    it('asks for neither address, nor membership, nor uses', async () => {
      const elsewhere = await app.given.identity({ config: { accessTokenTrustedIps: [{ ipAddress: '192.0.2.1' }] } });
      const off = await app.given.identity();
      await app.db.query('UPDATE membership SET is_active = false WHERE identity_id = $1', [off.id]);
      const used = await app.given.identity({ config: { accessTokenNumUsesLimit: 1 } });
      await api.use(used.token);
      for (const { token } of [elsewhere, off, used]) expect((await revoke(token)).status).toBe(200);
    });

    it('does not look at an Authorization header', async () => {
      const { token } = await app.given.identity();
      expect((await revoke(token, { authorization: 'Bearer junk' })).status).toBe(200);
    });

    it('happens once of 20 at once, with one entry of the log and one audit row', async () => {
      const { id, token, tokenId } = await app.given.identity();
      expect(tally(await Promise.all(Array.from({ length: 20 }, () => revoke(token))))).toEqual({ 200: 1, 401: 19 });
      expect(await app.db.query('SELECT effect FROM revocation WHERE key = $1', [tokenId])).toEqual([
        { effect: 'revoked' },
      ]);
      expect(await api.events('revoke-identity-access-token', id)).toEqual([
        { outcome: 'success', actor: id, token: tokenId },
      ]);
    });
  });

  describe('401', () => {
    it('is for a second time', async () => {
      const { token } = await app.given.identity();
      await revoke(token);
      expect(told(await revoke(token))).toEqual(refusal(401, 'UnauthorizedError', 'The access token has been revoked'));
    });

    it('is for an expired token', async () => {
      const { token } = await app.given.identity({ config: { accessTokenTTL: 60 } });
      app.clock.advance(60);
      expect(told(await revoke(token))).toEqual(refusal(401, 'UnauthorizedError', 'The access token has expired'));
    });

    it('is for a text that we did not sign', async () => {
      const { token } = await app.given.identity();
      const [header = '', payload = '', signature = ''] = token.split('.');
      const forged = [header, payload, `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`].join('.');
      expect(told(await revoke(forged))).toEqual(refusal(401, 'UnauthorizedError', 'The access token is not valid'));
      expect(await api.use(token)).toBe(200);
    });
  });

  describe('422', () => {
    it.each([undefined, null, 5])('wants a text, not %j', async (accessToken) => {
      expect(told(await revoke(accessToken))).toEqual(refusal(422, 'ValidationFailure', expect.any(Array)));
    });
  });
});
