import { oauthRefusal, tally, told } from '../support/answers.js';
import { DeadTokens } from '../support/dead-tokens.js';
import { OAuth2Api } from '../support/oauth2-api.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

const DONE = { status: 200, body: {} };
const EVENT = 'revoke-identity-access-token';

describe('POST /oauth2/revoke', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  let oauth: OAuth2Api;
  let gone: DeadTokens;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
    oauth = new OAuth2Api(app);
    gone = new DeadTokens(app);
  });
  afterAll(() => app.stop());

  const renewed = async (token: string): Promise<string> => {
    const { body } = await app.http.post('/api/v1/auth/token/renew', { body: { accessToken: token } });
    return body.accessToken as string;
  };

  describe('200', () => {
    it('ends the token whose text is in the body, in a form or in JSON', async () => {
      const [one, two] = [await app.given.identity(), await app.given.identity()];
      const answer = await oauth.revokeForm({ token: one.token, token_type_hint: 'access_token' });
      expect(told(answer)).toEqual(DONE);
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      expect(told(await oauth.revoke({ token: two.token, token_type_hint: 'refresh_token' }))).toEqual(DONE);
      for (const { token } of [one, two]) expect(await api.use(token)).toBe(401);
    });

    it('asks for neither address, nor membership, nor uses', async () => {
      const elsewhere = await app.given.identity({ config: { accessTokenTrustedIps: [{ ipAddress: '192.0.2.1' }] } });
      const off = await app.given.identity();
      await app.db.query('UPDATE membership SET is_active = false WHERE identity_id = $1', [off.id]);
      const used = await app.given.identity({ config: { accessTokenNumUsesLimit: 1 } });
      await api.use(used.token);
      for (const { token, tokenId } of [elsewhere, off, used]) {
        expect(told(await oauth.revoke({ token }))).toEqual(DONE);
        expect((await api.read(tokenId)).body.token.isAccessTokenRevoked).toBe(true);
      }
    });

    it.each(['Bearer junk', 'Basic Y2xpZW50OnNlY3JldA==', 'x'])(
      'does not depend on the header Authorization: %s',
      async (authorization) => {
        const { token } = await app.given.identity();
        expect(told(await oauth.revoke({ token }, { authorization }))).toEqual(DONE);
        expect(await api.use(token)).toBe(401);
      },
    );

    it('happens once of five at once, with one entry of the log and one audit row', async () => {
      const { id, token, tokenId } = await app.given.identity();
      expect(tally(await Promise.all(Array.from({ length: 5 }, () => oauth.revoke({ token }))))).toEqual({ 200: 5 });
      expect(await app.db.query('SELECT effect FROM revocation WHERE key = $1', [tokenId])).toEqual([
        { effect: 'revoked' },
      ]);
      expect(await api.events(EVENT, id)).toEqual([{ outcome: 'success', actor: id, token: tokenId }]);
    });

    const nothing: [reason: string, make: () => Promise<string>][] = [
      ['malformed', async () => 'junk'],
      ['malformed', async () => ''],
      ['bad-signature', async () => forged((await app.given.identity()).token)],
      ['expired', () => gone.expired()],
      ['revoked', () => gone.revoked()],
      ['revoked', () => gone.detached()],
    ];
    it.each(nothing)('is for a text that is %s too, and nothing happens', async (reason, make) => {
      const token = await make();
      const before: unknown = await app.db.query('SELECT count(*) FROM revocation');
      const answer = await oauth.revoke({ token });
      expect(told(answer)).toEqual(DONE);
      expect(await app.db.query('SELECT count(*) FROM revocation')).toEqual(before);
      expect(app.logOf(answer)?.reason).toBe(reason);
      expect(JSON.stringify([...answer.headers])).not.toContain(reason);
    });

    it('leaves a token alone whose text was forged', async () => {
      const { token } = await app.given.identity();
      await oauth.revoke({ token: forged(token) });
      expect(await api.use(token)).toBe(200);
    });
  });

  describe('an expired text of a token that lives on', () => {
    const given = async () => {
      const identity = await app.given.identity({ config: { accessTokenTTL: 60 } });
      app.clock.advance(30);
      const living = await renewed(identity.token);
      app.clock.advance(30);
      return { ...identity, living };
    };
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

    it('is no credential', async () => {
      const { token, living } = await given();
      expect(told(await oauth.revoke({ token }))).toEqual(DONE);
      expect(told(await oauth.revoke({ token }, bearer(living)))).toEqual(DONE);
      expect(await api.use(living)).toBe(200);
    });

    it('ends it for a caller that may delete tokens, who is the actor in the audit log', async () => {
      const { id, token, tokenId, living } = await given();
      const caller = await app.given.identity();
      await app.given.customRole(caller.id, [{ subject: 'identity', action: ['delete-token'] }]);
      expect(told(await oauth.revoke({ token }, bearer(caller.token)))).toEqual(DONE);
      expect(await api.use(living)).toBe(401);
      expect(await api.events(EVENT, id)).toEqual([{ outcome: 'success', actor: caller.id, token: tokenId }]);
    });

    it.each([
      {
        what: 'of a caller without the permission, with the token as target',
        given: () => app.given.identity({ role: 'member' }),
        details: { error: 'PermissionDenied' },
        hasTarget: true,
      },
      {
        what: 'of a caller at an address that is not allowed, with the token as target',
        given: () =>
          app.given.identity({ role: 'admin', config: { accessTokenTrustedIps: [{ ipAddress: '192.0.2.1' }] } }),
        details: { error: 'ForbiddenError' },
        hasTarget: true,
      },
      {
        what: 'of a caller in another organization, without a target',
        given: async () => app.given.identity({ role: 'admin' }, await app.given.otherRoot()),
        details: { error: 'ForbiddenError' },
        hasTarget: false,
      },
    ])('writes an audit row about the denial $what', async ({ given: givenCaller, details, hasTarget }) => {
      const { id, token, tokenId } = await given();
      const caller = await givenCaller();
      const answer = await oauth.revoke({ token }, bearer(caller.token));
      expect(told(answer)).toEqual(DONE);
      const rows: object[] = await app.db.query(
        `SELECT outcome, actor_token_id AS "actorTokenId", identity_id AS "identityId", token_id AS "tokenId", details,
           req_id AS "reqId" FROM audit_event WHERE actor_identity_id = $1 AND event = $2`,
        [caller.id, EVENT],
      );
      const target = hasTarget ? { identityId: id, tokenId } : { identityId: null, tokenId: null };
      const reqId = answer.headers.get('x-request-id');
      expect(rows).toEqual([{ outcome: 'refused', actorTokenId: caller.tokenId, ...target, details, reqId }]);
    });

    it('leaves no audit row about a bearer token that is not valid, as everywhere', async () => {
      const { token } = await given();
      const dead = await app.given.identity({ role: 'admin' });
      await api.revoke(dead.tokenId);
      expect(told(await oauth.revoke({ token }, bearer(dead.token)))).toEqual(DONE);
      expect(await app.db.query('SELECT FROM audit_event WHERE actor_identity_id = $1', [dead.id])).toEqual([]);
    });

    it('names the caller in the log of requests', async () => {
      const { token } = await given();
      const caller = await app.given.identity({ role: 'member' });
      const answer = await oauth.revoke({ token }, bearer(caller.token));
      expect(app.logOf(answer)).toMatchObject({ reason: 'not-permitted', identityId: caller.id });
    });

    it('does not end it for other callers: without permission, of another organization, revoked, from elsewhere', async () => {
      const { token, living } = await given();
      const weak = await app.given.identity({ role: 'member' });
      const foreign = await app.given.otherRoot();
      const dead = await app.given.identity({ role: 'admin' });
      await api.revoke(dead.tokenId);
      const elsewhere = await app.given.identity({
        role: 'admin',
        config: { accessTokenTrustedIps: [{ ipAddress: '192.0.2.1' }] },
      });
      for (const caller of [weak, foreign, dead, elsewhere]) {
        expect(told(await oauth.revoke({ token }, bearer(caller.token)))).toEqual(DONE);
        expect(await api.use(living)).toBe(200);
      }
    });
  });

  describe('400', () => {
    it.each([{}, { token: 5 }, { token: null }, [], undefined])('is for the body %j', async (body) => {
      expect(told(await oauth.revoke(body))).toEqual(oauthRefusal(400, 'invalid_request'));
    });
  });
});

/** The same text with another signature. */
function forged(token: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return [header, payload, `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`].join('.');
}
