import crypto from 'node:crypto';
import { oauthRefusal, told } from '../support/answers.js';
import { decodeJwt } from '../support/jwt.js';
import { DeadTokens } from '../support/dead-tokens.js';
import { OAuth2Api } from '../support/oauth2-api.js';
import { beforeUseIsAnswered } from '../support/spent-use.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

const INACTIVE = { status: 200, body: { active: false } };

describe('POST /oauth2/introspect', () => {
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

  const limited = (ipAddress: string) => app.given.identity({ config: { accessTokenTrustedIps: [{ ipAddress }] } });

  describe('200', () => {
    it('says of a good token what a verifier needs, and no more', async () => {
      const { organizationId } = await app.given.root();
      const { id, token, tokenId } = await app.given.identity();
      const { iat, exp } = decodeJwt(token);
      const issuer = 'http://localhost:8080';
      const answer = await oauth.introspect({ token });
      expect(told(answer)).toEqual({
        status: 200,
        body: {
          active: true,
          token_type: 'Bearer',
          sub: id,
          client_id: id,
          jti: tokenId,
          iss: issuer,
          aud: issuer,
          iat,
          exp,
          orgId: organizationId,
          rootOrgId: organizationId,
        },
      });
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    });

    it('verifies a text once, however many ask about it at the same time', async () => {
      const { token } = await app.given.identity();
      const verifications = jest.spyOn(crypto, 'verify');
      const answers = await Promise.all(Array.from({ length: 40 }, () => oauth.introspect({ token })));
      expect(answers.filter(({ body }) => body.active === true)).toHaveLength(40);
      expect(verifications).toHaveBeenCalledTimes(1);
      verifications.mockRestore();
    });

    it('takes a form, with a hint that says nothing and keys that it does not know', async () => {
      const { token, tokenId } = await app.given.identity();
      const form = { token, token_type_hint: 'refresh_token', consume: 'false', resource: 'x' };
      expect((await oauth.introspectForm(form)).body).toMatchObject({ active: true, jti: tokenId });
    });

    it('is for a caller whose role lets it introspect and nothing else', async () => {
      const verifier = await app.given.identity({ role: 'verifier' });
      const { token } = await app.given.identity();
      expect((await oauth.introspect({ token }, verifier.token)).body.active).toBe(true);
    });

    it('tells of each text of a renewed token its own end', async () => {
      const { token } = await app.given.identity({ config: { accessTokenTTL: 60 } });
      app.clock.advance(30);
      const { body } = await app.http.post('/api/v1/auth/token/renew', { body: { accessToken: token } });
      const ends = [token, body.accessToken as string].map((text) => decodeJwt(text).exp);
      expect(Number(ends[1]) - Number(ends[0])).toBe(30);
      for (const [index, text] of [token, body.accessToken as string].entries()) {
        expect((await oauth.introspect({ token: text })).body).toMatchObject({ active: true, exp: ends[index] });
      }
      app.clock.advance(30);
      expect(told(await oauth.introspect({ token }))).toEqual(INACTIVE);
    });
  });

  describe('200 and not active', () => {
    const dead: [reason: string, make: () => Promise<string>][] = [
      ['malformed', async () => 'junk'],
      ['malformed', async () => ''],
      ['malformed', async () => `${(await app.given.identity()).token}=`],
      ['expired', () => gone.expired()],
      ['revoked', () => gone.revoked()],
      ['revoked', () => gone.detached()],
      [
        'revoked',
        async () => {
          const { id, token } = await app.given.identity();
          await app.http.delete(`/api/v1/identities/${id}`, { token: (await app.given.root()).token });
          return token;
        },
      ],
      ['not-a-member', () => gone.switchedOff()],
      ['used-up', () => gone.usedUp()],
      ['address-not-allowed', async () => (await limited('192.0.2.1')).token],
      ['foreign', async () => (await app.given.otherRoot()).token],
    ];
    it.each(dead)('is all that is said of a token that is %s, and the log knows why', async (reason, make) => {
      const token = await make();
      const answer = await oauth.introspect({ token });
      expect(told(answer)).toEqual(INACTIVE);
      const tokenId = reason === 'malformed' ? null : decodeJwt(token).jti;
      expect(app.logOf(answer)?.inactive).toEqual([{ tokenId, reason }]);
      expect(JSON.stringify([...answer.headers])).not.toContain(reason);
      if (token !== '') expect(app.logLines.join('')).not.toContain(token.split('.').at(-1));
    });

    it('says it in the same bytes and headers, whatever the reason', async () => {
      const answers = [];
      for (const [, make] of dead) answers.push(await oauth.introspect({ token: await make() }));
      const seen = answers.map(({ headers, body }) => {
        const fields = Object.fromEntries(headers);
        return JSON.stringify({ body, fields: { ...fields, 'x-request-id': '', date: '', ratelimit: '' } });
      });
      expect(new Set(seen).size).toBe(1);
    });
  });

  describe('whose tokens', () => {
    it("are a verifier's own organization's and those below it, and no others", async () => {
      const root = await app.given.root();
      const { id } = await app.given.identity({ role: 'verifier' });
      const members = { [root.identityId]: 'admin', [id]: 'verifier' };
      const [one, two] = [await app.given.subOrganization(members), await app.given.subOrganization(members)];
      const other = await app.given.otherRoot();
      const mint = async (organizationSlug?: string) => (await app.given.mint(id, { organizationSlug })).accessToken;
      const [inRoot, inOne, inTwo] = [await mint(), await mint(one.slug), await mint(two.slug)];
      const seenBy = async (caller: string) => {
        const subjects = [inRoot, inOne, inTwo, other.token];
        return Promise.all(subjects.map(async (token) => (await oauth.introspect({ token }, caller)).body.active));
      };
      expect(await seenBy(inRoot)).toEqual([true, true, true, false]);
      expect(await seenBy(inOne)).toEqual([false, true, false, false]);
      expect(await seenBy(inTwo)).toEqual([false, false, true, false]);
      expect(await seenBy(other.token)).toEqual([false, false, false, true]);
    });

    it('that are foreign lose no use by a question', async () => {
      const { token, tokenId } = await app.given.identity({ config: { accessTokenNumUsesLimit: 1 } });
      const other = await app.given.otherRoot();
      expect(told(await oauth.introspect({ token }, other.token))).toEqual(INACTIVE);
      expect((await api.read(tokenId)).body.token.accessTokenNumUses).toBe(0);
    });
  });

  describe('client_address', () => {
    it.each([
      { allowed: '10.0.0.0/8', client_address: '10.9.8.7', active: true },
      { allowed: '10.0.0.0/8', client_address: '::ffff:10.9.8.7', active: true },
      { allowed: '10.0.0.0/8', client_address: '192.0.2.1', active: false },
      { allowed: '10.0.0.0/8', client_address: undefined, active: false },
      { allowed: '2001:db8::/32', client_address: '2001:DB8:0::1', active: true },
      { allowed: '2001:db8::/32', client_address: '2001:db9::1', active: false },
      { allowed: '0.0.0.0/0', client_address: '10.9.8.7', active: true },
      { allowed: '0.0.0.0/0', client_address: '::1', active: false },
      { allowed: '0.0.0.0/0', client_address: undefined, active: false },
    ])('$client_address with the list $allowed: $active', async ({ allowed, client_address, active }) => {
      const { token } = await limited(allowed);
      expect((await oauth.introspect({ token, client_address })).body.active).toBe(active);
    });

    it("is never the caller's own", async () => {
      const { token } = await limited('127.0.0.1');
      expect(told(await oauth.introspect({ token }))).toEqual(INACTIVE);
      expect((await oauth.introspect({ token, client_address: '127.0.0.1' })).body.active).toBe(true);
    });

    it('that is not allowed costs no use', async () => {
      const { token, tokenId } = await app.given.identity({
        config: { accessTokenNumUsesLimit: 1, accessTokenTrustedIps: [{ ipAddress: '192.0.2.1' }] },
      });
      await oauth.introspect({ token, client_address: '192.0.2.2' });
      expect((await api.read(tokenId)).body.token.accessTokenNumUses).toBe(0);
    });
  });

  describe('a use', () => {
    const given = () => app.given.identity({ config: { accessTokenNumUsesLimit: 2 } });
    const active = async (body: object) => (await oauth.introspect(body)).body.active as boolean;

    it('is what an active answer costs, until there is none left', async () => {
      const { token, tokenId } = await given();
      expect([await active({ token }), await active({ token }), await active({ token })]).toEqual([true, true, false]);
      expect((await api.read(tokenId)).body.token.accessTokenNumUses).toBe(2);
    });

    it('is kept with consume=false, in JSON and in a form', async () => {
      const { token, tokenId } = await given();
      for (let asked = 0; asked < 5; asked += 1) {
        expect(await active({ token, consume: false })).toBe(true);
        expect((await oauth.introspectForm({ token, consume: 'false' })).body.active).toBe(true);
      }
      expect((await api.read(tokenId)).body.token.accessTokenNumUses).toBe(0);
    });

    it('that is none left is seen with consume=false too', async () => {
      const { token } = await given();
      await api.use(token);
      await api.use(token);
      expect(await active({ token, consume: false })).toBe(false);
    });

    it('that was the last one and is spent gives its answer, though the identity gets another role meanwhile', async () => {
      const { id, token } = await app.given.identity({ config: { accessTokenNumUsesLimit: 1 } });
      const admin = (await app.given.root()).token;
      const change = beforeUseIsAnswered(app, () =>
        app.http.patch(`/api/v1/identities/${id}`, { token: admin, body: { role: 'member' } }),
      );
      expect(await active({ token })).toBe(true);
      expect(await change.mock.results[0]?.value).toMatchObject({ status: 200 });
      expect(await active({ token })).toBe(false);
    });

    it('is counted together with those by the bearer', async () => {
      const { token } = await given();
      const asked = await Promise.all([active({ token }), active({ token }), api.use(token), api.use(token)]);
      expect(asked.filter((answer) => answer === true || answer === 200)).toHaveLength(2);
    });
  });

  describe('400', () => {
    it.each([
      [{}, 'token is required; token must be a string; token must be shorter than or equal to 60000 characters'],
      [{ token: 5 }, expect.stringMatching(/^token must be/)],
      [{ token: 'x', client_address: 'elsewhere' }, 'client_address must be an IPv4 or IPv6 address'],
      [{ token: 'x', client_address: '10.0.0.0/8' }, 'client_address must be an IPv4 or IPv6 address'],
      [{ token: 'x', client_address: '' }, 'client_address must be an IPv4 or IPv6 address'],
      [{ token: 'x', client_address: null }, 'client_address must be an IPv4 or IPv6 address'],
      [{ token: 'x', consume: 'perhaps' }, 'consume must be a boolean value'],
      [{ token: 'x', token_type_hint: 5 }, expect.stringMatching(/^token_type_hint must be/)],
      [[], 'The body must be an object'],
      [undefined, 'A body is required'],
    ])('is for the body %j', async (body, description) => {
      expect(told(await oauth.introspect(body))).toEqual(oauthRefusal(400, 'invalid_request', description));
    });

    it('is for a field that a form names twice', async () => {
      const { token } = await app.given.root();
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const answer = await app.http.post('/oauth2/introspect', { token, headers, body: 'token=a&token=b' });
      expect(told(answer)).toEqual(oauthRefusal(400, 'invalid_request'));
    });
  });

  describe('403', () => {
    it.each(['member', 'no-access'])('is for a caller that is %s', async (role) => {
      const caller = await app.given.identity({ role });
      const answer = await oauth.introspect({ token: caller.token }, caller.token);
      const description = 'You are not allowed to introspect on access-token';
      expect(told(answer)).toEqual(oauthRefusal(403, 'insufficient_scope', description));
    });
  });
});
