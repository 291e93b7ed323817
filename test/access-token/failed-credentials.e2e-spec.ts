import { refusal, tally, told } from '../support/answers.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { TestApp } from '../support/test-app.js';

const BUDGET = 10;

describe('failed credentials', () => {
  let app: TestApp;
  beforeEach(async () => {
    app = await TestApp.start({
      env: { FAILED_CREDENTIALS_PER_MINUTE: String(BUDGET), TRUSTED_PROXIES: '127.0.0.1' },
    });
  });
  afterEach(() => app.stop());

  let lastHost = 0;
  const newAddress = () => `198.51.100.${(lastHost += 1)}`;
  const use = (token: string | undefined, address: string) =>
    app.http.get('/api/v1/identities/details', { token, headers: { 'x-forwarded-for': address } });
  const forged = async () => `${(await app.given.root()).token.slice(0, -4)}AAAA`;
  const spend = async (address: string) => {
    const text = await forged();
    for (let sent = 0; sent < BUDGET; sent += 1) expect((await use(text, address)).status).toBe(401);
  };

  it('use up a budget of their address; then everything from there is refused unseen', async () => {
    const address = newAddress();
    await spend(address);
    const { token } = await app.given.root();
    const answer = await use(token, address);
    expect(told(answer)).toEqual(refusal(429, 'RateLimitExceeded', expect.stringMatching(/retry in 6 seconds$/)));
    expect(answer.headers.get('retry-after')).toBe('6');
  });

  it('leave other addresses alone', async () => {
    await spend(newAddress());
    expect((await use((await app.given.root()).token, newAddress())).status).toBe(200);
  });

  it('are forgiven evenly as time passes', async () => {
    const address = newAddress();
    await spend(address);
    app.clock.advance(6);
    expect((await use(await forged(), address)).status).toBe(401);
    expect((await use(await forged(), address)).status).toBe(429);
    app.clock.advance(60);
    await spend(address);
    expect((await use(await forged(), address)).status).toBe(429);
  });

  it('of one /64 of IPv6 count together', async () => {
    await spend('2001:db8:1:2::1');
    expect((await use(await forged(), '2001:db8:1:2:ffff::9')).status).toBe(429);
    expect((await use(await forged(), '2001:db8:1:3::1')).status).toBe(401);
  });

  it('of a client that is hidden behind junk count for the proxy', async () => {
    const { token } = await app.given.root();
    await spend('junk');
    expect((await use(token, 'other junk')).status).toBe(429);
    expect((await use(token, newAddress())).status).toBe(200);
  });

  it('in bodies count too, and where none was sent nothing failed', async () => {
    const address = newAddress();
    const headers = { 'x-forwarded-for': address };
    const body = { accessToken: await forged() };
    for (let sent = 0; sent < BUDGET; sent += 1) {
      expect((await use(undefined, address)).status).toBe(401);
      const path = sent % 2 === 0 ? 'renew' : 'revoke';
      expect((await app.http.post(`/api/v1/auth/token/${path}`, { body, headers })).status).toBe(401);
    }
    for (const path of ['renew', 'revoke']) {
      expect((await app.http.post(`/api/v1/auth/token/${path}`, { body, headers })).status).toBe(429);
    }
  });

  it('are those of credentials alone: what a good caller may not do costs nothing', async () => {
    const address = newAddress();
    const { token } = await app.given.identity();
    const path = `/api/v1/auth/token-auth/identities/${(await app.given.root()).identityId}/tokens`;
    const answers = [];
    for (let sent = 0; sent <= BUDGET; sent += 1) {
      answers.push(await app.http.post(path, { token, headers: { 'x-forwarded-for': address } }));
    }
    expect(tally(answers)).toEqual({ 403: BUDGET + 1 });
  });
});

describe('a flood of forgeries', () => {
  it('is refused before the store is asked', async () => {
    const proxy = new DatabaseProxy();
    const app = await TestApp.start({ via: proxy.open });
    const { token } = await app.given.root();
    await proxy.cut();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        app.http.get('/api/v1/identities/details', { token: `${token.slice(0, -3)}${String(n).padStart(3, 'A')}` }),
      ),
    );
    expect(tally(answers)).toEqual({ 401: 50 });
    await app.stop();
  });
});
