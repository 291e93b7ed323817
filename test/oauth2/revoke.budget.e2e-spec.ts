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
