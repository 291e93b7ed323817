import { refusal, tally, told } from '../support/answers.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { TestApp } from '../support/test-app.js';
import { TestClock } from '../support/test-clock.js';
import { waitsForLock } from '../support/waiting.js';

describe('what a replica knows', () => {
  let one: TestApp;
  beforeAll(async () => {
    one = await TestApp.start();
  });
  afterAll(() => one.stop());

  const use = (app: TestApp, token: string) => app.http.get('/api/v1/identities/details', { token });

  describe('while its database can be reached', () => {
    let replica: TestApp;
    beforeAll(async () => {
      replica = await TestApp.start({ beside: one, clock: new TestClock() });
    });
    afterAll(() => replica.stop());

    it.each([
      { name: 'the process was stopped', happen: (clock: TestClock) => clock.pass(5000) },
      { name: 'the wall clock jumped forward', happen: (clock: TestClock) => clock.setWall(600_000) },
      { name: 'the wall clock jumped back', happen: (clock: TestClock) => clock.setWall(-600_000) },
    ])('is asked for again when $name, before anybody is let in', async ({ happen }) => {
      const { token, tokenId } = await one.given.identity();
      expect((await use(replica, token)).status).toBe(200);
      const path = `/api/v1/auth/token-auth/tokens/${tokenId}/revoke`;
      const admin = await one.given.root();
      happen(replica.clock);
      // The replica is not told: what it finds out, it finds out by asking.
      expect((await one.http.post(path, { token: admin.token })).status).toBe(200);
      happen(replica.clock);
      expect((await use(replica, token)).status).toBe(401);
      expect((await use(replica, admin.token)).status).toBe(200);
    });
  });

  describe('once its database is out of reach', () => {
    let proxy: DatabaseProxy;
    let replica: TestApp;
    let verifier: string;
    let known: string;
    beforeEach(async () => {
      proxy = new DatabaseProxy();
      replica = await TestApp.start({ beside: one, clock: new TestClock(), via: proxy.open });
      verifier = (await one.given.identity({ role: 'verifier' })).token;
      known = (await one.given.identity()).token;
      await introspect(known);
    });
    afterEach(() => replica.stop());

    /** Needs nothing of the database but what is remembered. */
    const introspect = (token: string) => replica.http.post('/oauth2/introspect', { token: verifier, body: { token } });

    it.each([
      { name: 'for longer than the bound', happen: (clock: TestClock) => clock.pass(1001) },
      { name: 'and the wall clock jumped forward', happen: (clock: TestClock) => clock.setWall(600_000) },
      { name: 'and the wall clock jumped back', happen: (clock: TestClock) => clock.setWall(-1000) },
    ])('$name, lets nobody in', async ({ happen }) => {
      expect((await introspect(known)).body.active).toBe(true);
      await proxy.cut();
      happen(replica.clock);
      const answer = await introspect(known);
      expect(answer).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } });
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(told(await use(replica, known))).toEqual(refusal(503, 'ServiceUnavailable', expect.any(String)));
      expect(tally(await Promise.all(Array.from({ length: 20 }, () => introspect(known))))).toEqual({ 503: 20 });
    });

    it('knows nobody whom it does not remember', async () => {
      const unknown = (await one.given.identity()).token;
      await proxy.cut();
      expect((await introspect(unknown)).status).toBe(503);
    });
  });

  it('holds within the bound for whom it remembers, with the database out of reach', async () => {
    const proxy = new DatabaseProxy();
    const env = { REVOCATION_MAX_STALENESS: '60000' };
    const replica = await TestApp.start({ beside: one, clock: new TestClock(), via: proxy.open, env });
    const { token } = await one.given.identity({ role: 'verifier' });
    const ask = () => replica.http.post('/oauth2/introspect', { token, body: { token } });
    expect((await ask()).body.active).toBe(true);
    await proxy.cut();
    expect((await ask()).body.active).toBe(true);
    replica.clock.pass(60_001);
    expect((await ask()).status).toBe(503);
    await replica.stop();
  });
});

describe('a token that ends while it is being judged', () => {
  it('is judged by the time of the answer', async () => {
    const app = await TestApp.start();
    const { token } = await app.given.identity({ config: { accessTokenTTL: 60, accessTokenNumUsesLimit: 5 } });
    await app.db.query(
      `CREATE FUNCTION hold_up() RETURNS trigger AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END' LANGUAGE plpgsql`,
    );
    await app.db.query('CREATE TRIGGER hold_up BEFORE UPDATE ON access_token FOR EACH ROW EXECUTE FUNCTION hold_up()');
    const holder = app.db.createQueryRunner();
    await holder.query('SELECT pg_advisory_lock(1)');
    const late = app.http.get('/api/v1/identities/details', { token });
    await waitsForLock(app.db);
    app.clock.advance(61);
    await holder.query('SELECT pg_advisory_unlock(1)');
    await holder.release();
    expect(told(await late)).toEqual(refusal(401, 'UnauthorizedError', 'The access token has expired'));
    await app.stop();
  });
});
