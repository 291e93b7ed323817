import { generateKeyPairSync } from 'node:crypto';
import { DeadTokens } from '../support/dead-tokens.js';
import { signParts, withOtherS } from '../support/jwt.js';
import { OAuth2Api } from '../support/oauth2-api.js';
import { TestApp } from '../support/test-app.js';

const HEADER = 'x-token-denial';

/** A token that is no longer good, made anew for each test. */
type Make = () => Promise<string>;

describe('why a token is refused', () => {
  let app: TestApp;
  let oauth: OAuth2Api;
  let dead: DeadTokens;
  beforeAll(async () => {
    app = await TestApp.start();
    oauth = new OAuth2Api(app);
    dead = new DeadTokens(app);
  });
  afterAll(() => app.stop());

  const use = (token: string) => app.http.get('/api/v1/identities/details', { token });
  const removed: Make = async () => {
    const { tokenId, token } = await app.given.identity();
    await app.db.query('DELETE FROM access_token WHERE id = $1', [tokenId]);
    return token;
  };
  const SIGNED_BY_US: [reason: string, told: string, make: Make][] = [
    ['expired', 'expired', () => dead.expired()],
    ['revoked', 'revoked', () => dead.revoked()],
    ['revoked', 'revoked', () => dead.detached()],
    ['unknown', 'revoked', removed],
    ['not-a-member', 'not-a-member', () => dead.switchedOff()],
    ['used-up', 'used-up', () => dead.usedUp()],
  ];

  /** Says that it expired, was revoked or used up as well; whose signature is not ours learns nothing of it. */
  const withParts = (token: string, change: (header: object, claims: object) => [object, object]): string => {
    const [header = '', claims = ''] = token.split('.');
    const parse = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as object;
    const content = change(parse(header), parse(claims))
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    return signParts(content, key);
  };
  const NOT_OURS: [reason: string, change: (token: string) => string][] = [
    ['malformed', () => 'junk'],
    ['malformed', (token) => `${token}=`],
    ['malformed', (token) => token.slice(0, -8)],
    ['bad-signature', (token) => withParts(token, (header, claims) => [header, claims])],
    ['bad-signature', (token) => withOtherS(token)],
    ['unknown-key', (token) => withParts(token, (header, claims) => [{ ...header, kid: 'another' }, claims])],
    ['wrong-algorithm', (token) => withParts(token, (header, claims) => [{ ...header, alg: 'RS256' }, claims])],
  ];

  describe('is told in a header', () => {
    it.each(SIGNED_BY_US)('%s: to a bearer whose text we signed, as %s', async (reason, told, make) => {
      const answer = await use(await make());
      expect(answer.status).toBe(401);
      expect(answer.headers.get(HEADER)).toBe(told);
      expect(app.logOf(answer)?.reason).toBe(reason);
    });
  });

  describe('is told by no header', () => {
    it.each(NOT_OURS)('%s: for a text that we did not sign, whatever it says', async (reason, change) => {
      for (const [, , make] of SIGNED_BY_US) {
        const answer = await use(change(await make()));
        expect(answer.status).toBe(401);
        expect(answer.headers.get(HEADER)).toBeNull();
        expect(app.logOf(answer)?.reason).toBe(reason);
        expect(answer.body.message).toBe('The access token is not valid');
      }
    });

    it('where no token came', async () => {
      const answer = await app.http.get('/api/v1/identities/details');
      expect([answer.status, answer.headers.get(HEADER)]).toEqual([401, null]);
      expect(app.logOf(answer)?.reason).toBe('missing');
    });

    it('where the address is not allowed, which is no 401', async () => {
      const { token } = await app.given.identity({ config: { accessTokenTrustedIps: [{ ipAddress: '192.0.2.1' }] } });
      const answer = await use(token);
      expect([answer.status, answer.headers.get(HEADER)]).toEqual([403, null]);
      expect(app.logOf(answer)?.reason).toBe('address-not-allowed');
    });

    it('where the token is good', async () => {
      const answer = await use((await app.given.identity()).token);
      expect([answer.status, answer.headers.get(HEADER), app.logOf(answer)?.reason]).toEqual([200, null, undefined]);
    });

    it.each(SIGNED_BY_US)('%s: on the routes that take a token in their body', async (reason, _told, make) => {
      const token = await make();
      const renewal = await app.http.post('/api/v1/auth/token/renew', { body: { accessToken: token } });
      const answers = [
        await oauth.introspect({ token }),
        await oauth.introspectAll({ tokens: [{ token }] }),
        await oauth.revoke({ token }),
      ];
      for (const answer of [renewal, ...answers]) expect(answer.headers.get(HEADER)).toBeNull();
      expect(renewal.status).toBe(401);
      expect(app.logOf(renewal)?.reason).toBe(reason);
    });

    it.each(SIGNED_BY_US)('%s: on self-revocation', async (_reason, _told, make) => {
      const answer = await app.http.post('/api/v1/auth/token/revoke', { body: { accessToken: await make() } });
      expect(answer.headers.get(HEADER)).toBeNull();
    });

    it.each(SIGNED_BY_US)('%s: below /oauth2, not even of the caller itself', async (reason, _told, make) => {
      const { token } = await app.given.root();
      const answer = await oauth.introspect({ token }, await make());
      expect([answer.status, answer.body.error, answer.headers.get(HEADER)]).toEqual([401, 'invalid_token', null]);
      expect(app.logOf(answer)?.reason).toBe(reason);
    });
  });
});
