import type { Answer } from '../support/http-client.js';
import { oauthRefusal, told } from '../support/answers.js';
import { decodeJwt } from '../support/jwt.js';
import { OAuth2Api } from '../support/oauth2-api.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

const KIB = 1024;

describe('POST /oauth2/introspect/batch', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  let oauth: OAuth2Api;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
    oauth = new OAuth2Api(app);
  });
  afterAll(() => app.stop());

  const activeIn = ({ body }: Answer): boolean[] => body.results.map(({ active }: { active: boolean }) => active);
  const usesOf = async (tokenId: string): Promise<number> =>
    (await api.read(tokenId)).body.token.accessTokenNumUses as number;
  const twoUses = () => app.given.identity({ config: { accessTokenNumUsesLimit: 2 } });

  describe('200', () => {
    it('answers each as a question of its own, in order', async () => {
      const [good, revoked, other] = [
        await app.given.identity(),
        await app.given.identity(),
        await app.given.identity(),
      ];
      await api.revoke(revoked.tokenId);
      const foreign = await app.given.otherRoot();
      const tokens = [good.token, 'junk', revoked.token, other.token, foreign.token, good.token];
      const answer = await oauth.introspectAll({ tokens: tokens.map((token) => ({ token })) });
      const alone = await Promise.all(tokens.map(async (token) => (await oauth.introspect({ token })).body));
      expect(told(answer)).toEqual({ status: 200, body: { results: alone } });
      expect(activeIn(answer)).toEqual([true, false, false, true, false, true]);
      expect(app.log).toContainEqual(
        expect.objectContaining({
          reqId: answer.headers.get('x-request-id'),
          inactive: [
            { tokenId: null, reason: 'malformed' },
            { tokenId: revoked.tokenId, reason: 'revoked' },
            { tokenId: decodeJwt(foreign.token).jti, reason: 'foreign' },
          ],
        }),
      );
    });

    it('answers 100 in order', async () => {
      const { id, token } = await app.given.identity();
      const { accessToken } = await app.given.mint(id);
      const tokens = Array.from({ length: 100 }, (_, index) => ({ token: [token, accessToken, 'junk'][index % 3] }));
      const active = activeIn(await oauth.introspectAll({ tokens }));
      expect(active).toEqual(tokens.map((_, index) => index % 3 < 2));
    });

    it('answers none of none', async () => {
      expect((await oauth.introspectAll({ tokens: [] })).body).toEqual({ results: [] });
    });

    it('costs no uses unless they are asked for', async () => {
      const { token, tokenId } = await twoUses();
      const tokens = [{ token }, { token }, { token }];
      expect(activeIn(await oauth.introspectAll({ tokens }))).toEqual([true, true, true]);
      expect(activeIn(await oauth.introspectAll({ tokens, consume: false }))).toEqual([true, true, true]);
      expect(await usesOf(tokenId)).toBe(0);
      const spent = activeIn(await oauth.introspectAll({ tokens, consume: true }));
      expect(spent.filter((active) => active)).toHaveLength(2);
      expect(await usesOf(tokenId)).toBe(2);
    });

    it('judges each by its own address', async () => {
      const { token } = await app.given.identity({ config: { accessTokenTrustedIps: [{ ipAddress: '10.0.0.0/8' }] } });
      const addresses = ['10.1.1.1', '192.0.2.1', undefined, '127.0.0.1'];
      const tokens = addresses.map((client_address) => ({ token, client_address }));
      expect(activeIn(await oauth.introspectAll({ tokens }))).toEqual([true, false, false, false]);
    });

    it('takes a body of up to 256 KiB', async () => {
      const { token } = await app.given.identity();
      const frame = JSON.stringify({ tokens: [{ token }], padding: '' });
      const body = (bytes: number) =>
        JSON.stringify({ tokens: [{ token }], padding: 'x'.repeat(bytes - frame.length) });
      expect(activeIn(await oauth.introspectAll(body(256 * KIB)))).toEqual([true]);
      expect(told(await oauth.introspectAll(body(256 * KIB + 1)))).toEqual(oauthRefusal(413, 'invalid_request'));
    });
  });

  describe('400', () => {
    it.each([
      [{}, expect.stringMatching(/^tokens is required/)],
      [{ tokens: 'x' }, expect.stringMatching(/^tokens must be an array|tokens must contain/)],
      [{ tokens: ['x'] }, expect.any(String)],
      [{ tokens: [{}] }, expect.stringMatching(/^tokens\.0\.token is required/)],
      [
        { tokens: [{ token: 'x' }, { token: 'x', client_address: 'x' }] },
        'tokens.1.client_address must be an IPv4 or IPv6 address',
      ],
      [{ tokens: [], consume: 1 }, 'consume must be a boolean value'],
      [
        { tokens: Array.from({ length: 101 }, () => ({ token: 'x' })) },
        'tokens must contain no more than 100 elements',
      ],
    ])('is for the body %j', async (body, description) => {
      expect(told(await oauth.introspectAll(body))).toEqual(oauthRefusal(400, 'invalid_request', description));
    });

    it('is for a form, which holds no list', async () => {
      const { token } = await app.given.root();
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const answer = await app.http.post('/oauth2/introspect/batch', { token, headers, body: `tokens=${token}` });
      expect(told(answer)).toEqual(oauthRefusal(400, 'invalid_request'));
    });
  });

  describe('403', () => {
    it('is for a caller that may not introspect, whatever the tokens', async () => {
      const { token } = await app.given.identity({ role: 'member' });
      for (const tokens of [[], [{ token }]]) {
        expect(told(await oauth.introspectAll({ tokens }, token))).toEqual(oauthRefusal(403, 'insufficient_scope'));
      }
    });
  });

  it('alone takes more than 64 KiB', async () => {
    const { token } = await app.given.root();
    const body = { token, padding: 'x'.repeat(64 * KIB) };
    for (const path of ['/oauth2/introspect', '/oauth2/revoke']) {
      expect(told(await app.http.post(path, { token, body }))).toEqual(oauthRefusal(413, 'invalid_request'));
    }
    expect((await app.http.post('/api/v1/auth/token/renew', { body })).status).toBe(413);
  });
});
