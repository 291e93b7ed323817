import { SigningKey } from '../../src/database/entities/signing-key.entity.js';
import { refusal, tally, told } from '../support/answers.js';
import { decodeJwt, headerOf } from '../support/jwt.js';
import { KeysOf } from '../support/keys-of.js';
import { TestApp } from '../support/test-app.js';
import { TestClock } from '../support/test-clock.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');

describe('signing keys: a key that is not known', () => {
  let app: TestApp;
  let replica: TestApp;
  let keys: KeysOf;
  beforeEach(async () => {
    app = await TestApp.start();
    replica = await TestApp.start({ beside: app, clock: new TestClock() });
    keys = new KeysOf(app);
    replica.clock.hold();
    replica.clock.pass(5000);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await replica.stop();
    await app.stop();
  });

  /** The text of a good token under the name of another key. */
  const under = (kid: string, token: string): string => {
    const [, payload, signature] = token.split('.');
    return `${encode({ ...headerOf(token), kid })}.${payload}.${signature}`;
  };
  const readings = () => {
    const find = jest.spyOn(replica.background.manager, 'find');
    return () => find.mock.calls.filter(([entity]) => entity === SigningKey).length;
  };
  const flood = async (token: string) =>
    Promise.all(
      Array.from({ length: 60 }, async (_, index) =>
        replica.http.get('/api/v1/identities/details', { token: under(`unknown-${index}`, token) }),
      ),
    );

  it('is looked for once a second, however many texts name how many such keys', async () => {
    const { token } = await app.given.identity();
    const count = readings();
    expect(tally(await flood(token))).toEqual({ 401: 60 });
    expect(count()).toBe(1);
    expect(tally(await flood(token))).toEqual({ 401: 60 });
    expect(count()).toBe(1);
    replica.clock.pass(1001);
    await flood(token);
    expect(count()).toBe(2);
  });

  it('is found a second after it came, in the middle of a flood of keys that are none', async () => {
    const { token: junk } = await app.given.identity();
    await flood(junk);
    await keys.rotate();
    const { token } = await app.given.identity();
    replica.clock.pass(1001);
    const [answers, status] = await Promise.all([flood(junk), new TokenAuthApi(replica).use(token)]);
    expect(tally(answers)).toEqual({ 401: 60 });
    expect(status).toBe(200);
  });

  it('costs a known key nothing: its tokens are good all the while', async () => {
    const { token } = await app.given.identity();
    const count = readings();
    const [, ...statuses] = await Promise.all([
      flood(token),
      ...Array.from({ length: 10 }, async () => new TokenAuthApi(replica).use(token)),
    ]);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(count()).toBe(1);
  });

  it.each(['', '__proto__', 'constructor', '../../etc/passwd', "' OR 1=1 --", '*'])(
    'has no default: %j is refused',
    async (kid) => {
      const { token } = await app.given.identity();
      expect(decodeJwt(under(kid, token))).toEqual(decodeJwt(token));
      expect(told(await replica.http.get('/api/v1/identities/details', { token: under(kid, token) }))).toEqual(
        refusal(401, 'UnauthorizedError', 'The access token is not valid'),
      );
    },
  );

  it('is read anew by whoever needs what is stored now, though another reading is under way', async () => {
    const manager = replica.db.manager;
    const find = manager.find.bind(manager) as (...args: unknown[]) => Promise<unknown>;
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    jest.spyOn(manager, 'find').mockImplementationOnce((async (...args: unknown[]) => {
      const rows = await find(...args);
      await held;
      return rows;
    }) as typeof manager.find);
    const others = new KeysOf(replica);
    const early = others.loaded.load();
    // The reading that is held back has seen the keys before the change.
    await replica.db.query('SELECT 1');
    const kid = await keys.rotate();
    const late = others.loaded.load();
    release();
    await Promise.all([early, late]);
    expect(others.loaded.active().kid).toBe(kid);
  });
});
