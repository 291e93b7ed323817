import { oauthRefusal, told } from '../support/answers.js';
import { OAuth2Api } from '../support/oauth2-api.js';
import { TestApp } from '../support/test-app.js';

const BUDGET = 3;

/** What is asked of everybody costs a signature: floods of forgeries end as those of bearers do. */
describe('POST /oauth2/revoke: the budget of failed credentials', () => {
  let app: TestApp;
  let oauth: OAuth2Api;
  beforeEach(async () => {
    app = await TestApp.start({ env: { FAILED_CREDENTIALS_PER_MINUTE: String(BUDGET) } });
    oauth = new OAuth2Api(app);
  });
  afterEach(() => app.stop());

  const forged = (token: string): string => `${token.slice(0, -4)}AAAA`;

  it('is spent by texts that we did not sign, and then nothing from there is looked at', async () => {
    const { token } = await app.given.identity();
    for (let sent = 0; sent < BUDGET; sent += 1) {
      expect(told(await oauth.revoke({ token: forged(token) }))).toEqual({ status: 200, body: {} });
    }
    const answer = await oauth.revoke({ token });
    expect(told(answer)).toEqual(oauthRefusal(429, 'temporarily_unavailable'));
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    app.clock.advance(60);
    expect((await app.http.get('/api/v1/identities/details', { token })).status).toBe(200);
  });

  it('is not spent by tokens that are dead already', async () => {
    const { token } = await app.given.identity();
    for (let sent = 0; sent < BUDGET * 2; sent += 1) expect((await oauth.revoke({ token })).status).toBe(200);
    expect((await app.http.get('/api/v1/identities/details', { token: (await app.given.root()).token })).status).toBe(
      200,
    );
  });

  it('is spent by a bearer that is none beside an expired text', async () => {
    const { token } = await app.given.identity({ config: { accessTokenTTL: 60 } });
    app.clock.advance(60);
    const revoke = () => oauth.revoke({ token }, { authorization: `Bearer ${forged(token)}` });
    for (let sent = 0; sent < BUDGET; sent += 1) expect((await revoke()).status).toBe(200);
    expect((await revoke()).status).toBe(429);
  });
});

describe('POST /oauth2/revoke: the rate limits of the bearer token', () => {
  let app: TestApp;
  afterEach(() => app.stop());

  /** Sends requests that revoke an expired token with another one as the bearer token. */
  const start = async (env: Record<string, string>, config: object = {}) => {
    app = await TestApp.start({ env });
    const { token } = await app.given.identity({ config: { accessTokenTTL: 60 } });
    app.clock.advance(60);
    const caller = await app.given.identity({ role: 'member', config });
    const headers = { authorization: `Bearer ${caller.token}` };
    return {
      revoke: () => new OAuth2Api(app).revoke({ token }, headers),
      use: () => app.http.get('/api/v1/identities/details', { headers }),
    };
  };

  it.each([
    { name: 'token', env: { TOKEN_REQUESTS_PER_MINUTE: String(BUDGET) } as Record<string, string> },
    { name: 'identity', env: { IDENTITY_REQUESTS_PER_MINUTE: String(BUDGET) } as Record<string, string> },
  ])('apply as on every other route: $name', async ({ name, env }) => {
    const { revoke, use } = await start(env);
    const first = await revoke();
    expect([first.status, first.headers.get('ratelimit')]).toEqual([200, `"${name}";r=2;t=20`]);
    expect([(await revoke()).status, (await revoke()).status]).toEqual([200, 200]);
    const denied = await revoke();
    expect(told(denied)).toEqual(oauthRefusal(429, 'temporarily_unavailable'));
    expect(denied.headers.get('retry-after')).toBe('20');
    expect(denied.headers.get('ratelimit')).toBe(`"${name}";r=0;t=60`);
    expect((await use()).status).toBe(429);
  });

  it('apply before a use of the bearer token is consumed', async () => {
    const env = { TOKEN_REQUESTS_PER_MINUTE: String(BUDGET) };
    const { revoke, use } = await start(env, { accessTokenNumUsesLimit: BUDGET + 1 });
    const statuses: number[] = [];
    for (let sent = 0; sent <= BUDGET; sent += 1) statuses.push((await revoke()).status);
    app.clock.advance(60);
    expect([...statuses, (await use()).status, (await use()).status]).toEqual([200, 200, 200, 429, 200, 401]);
  });
});

describe('POST /oauth2/introspect: the budget of failed credentials', () => {
  it("is the caller's, and no token that it asks about costs it", async () => {
    const app = await TestApp.start({ env: { FAILED_CREDENTIALS_PER_MINUTE: String(BUDGET) } });
    const oauth = new OAuth2Api(app);
    const statuses = [];
    for (let asked = 0; asked < BUDGET * 2; asked += 1)
      statuses.push((await oauth.introspect({ token: 'junk' })).status);
    await app.stop();
    expect(statuses).toEqual(Array.from({ length: BUDGET * 2 }, () => 200));
  });
});
