import { refusal, told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';

/** The peer of every request here is 127.0.0.1. */
describe('the client address', () => {
  const apps: TestApp[] = [];
  const start = async (TRUSTED_PROXIES: string): Promise<TestApp> => {
    const app = await TestApp.start({ env: { TRUSTED_PROXIES } });
    apps.push(app);
    return app;
  };
  afterAll(() => Promise.all(apps.map((app) => app.stop())));

  const givenToken = async (app: TestApp, ...addresses: string[]) =>
    (await app.given.identity({ config: { accessTokenTrustedIps: addresses.map((ipAddress) => ({ ipAddress })) } }))
      .token;
  const use = (app: TestApp, token: string, headers: Record<string, string>) =>
    app.http.get('/api/v1/identities/details', { token, headers });

  it('is the peer, whatever the headers say, where no proxy is trusted', async () => {
    const app = await start('');
    const token = await givenToken(app, '192.0.2.1');
    for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'true-client-ip', 'cf-connecting-ip']) {
      expect(told(await use(app, token, { [name]: '192.0.2.1' }))).toEqual(
        refusal(403, 'ForbiddenError', 'The address 127.0.0.1 is not on the allow-list of this identity'),
      );
    }
    expect((await use(app, await givenToken(app, '127.0.0.0/8'), { 'x-forwarded-for': '192.0.2.1' })).status).toBe(200);
  });

  it('is what a trusted proxy says, in X-Forwarded-For alone', async () => {
    const app = await start('127.0.0.1');
    const token = await givenToken(app, '192.0.2.1');
    expect((await use(app, token, { 'x-forwarded-for': '192.0.2.1' })).status).toBe(200);
    expect((await use(app, token, { 'x-forwarded-for': '192.0.2.1, 192.0.2.2' })).status).toBe(403);
    expect((await use(app, token, { 'x-real-ip': '192.0.2.1' })).status).toBe(403);
  });

  it('is nobody where a trusted proxy sends junk: an allow-list refuses, and no list does not', async () => {
    const app = await start('127.0.0.1');
    const junk = { 'x-forwarded-for': 'junk' };
    expect(told(await use(app, await givenToken(app, '0.0.0.0/0'), junk))).toEqual(
      refusal(403, 'ForbiddenError', 'The address (unknown) is not on the allow-list of this identity'),
    );
    expect((await use(app, await givenToken(app, '0.0.0.0/0', '::/0'), junk)).status).toBe(200);
  });

  it('stands in the audit log', async () => {
    const app = await start('127.0.0.1');
    const { token, organizationId } = await app.given.root();
    const { body } = await app.http.post('/api/v1/identities', {
      token,
      body: { name: 'x', organizationId },
      headers: { 'x-forwarded-for': '198.51.100.7' },
    });
    const rows: object[] = await app.db.query('SELECT ip_address FROM audit_event WHERE identity_id = $1', [
      body.identity.id,
    ]);
    expect(rows).toEqual([{ ip_address: '198.51.100.7' }]);
  });
});
