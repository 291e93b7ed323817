import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { refusal, told } from '../support/answers.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { headerOf } from '../support/jwt.js';
import { KeysOf } from '../support/keys-of.js';
import { TestApp } from '../support/test-app.js';
import { TestClock } from '../support/test-clock.js';
import { withoutTriggers } from '../support/without-triggers.js';

const PATH = '/.well-known/jwks.json';

describe('GET /.well-known/jwks.json', () => {
  let app: TestApp;
  let keys: KeysOf;
  beforeEach(async () => {
    app = await TestApp.start({ env: { JWKS_MAX_AGE: '120' } });
    keys = new KeysOf(app);
  });
  const others: TestApp[] = [];
  const start = async (options: Parameters<typeof TestApp.start>[0]) => {
    const other = await TestApp.start(options);
    others.push(other);
    return other;
  };
  afterEach(async () => {
    for (const other of others.splice(0)) await other.stop();
    await app.stop();
  });

  const keySet = async (at = app): Promise<JsonWebKey[]> => (await at.http.get(PATH)).body.keys;

  describe('200', () => {
    it.each([undefined, 'junk'])('tells the key that signs, whatever the credential: %s', async (token) => {
      const kid = await keys.kid('active');
      expect(told(await app.http.get(PATH, { token }))).toEqual({
        status: 200,
        body: {
          keys: [
            {
              kid,
              use: 'sig',
              alg: 'ES256',
              kty: 'EC',
              crv: 'P-256',
              x: expect.stringMatching(/^[\w-]{43}$/),
              y: expect.stringMatching(/^[\w-]{43}$/),
            },
          ],
        },
      });
    });

    it('holds the key of a token by its kid, and that key verifies the token', async () => {
      const { token } = await app.given.identity();
      const jwk = (await keySet()).find(({ kid }) => kid === headerOf(token).kid) ?? {};
      const [header, payload, signature = ''] = token.split('.');
      const key = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' as const };
      const content = Buffer.from(`${header}.${payload}`);
      expect(verify('sha256', content, key, Buffer.from(signature, 'base64url'))).toBe(true);
    });

    it('holds the next key and the retiring ones, and none that is over', async () => {
      const first = await keys.kid('active');
      await app.given.root();
      const second = await keys.rotate();
      const third = await keys.makeNext();
      expect((await keys.published()).toSorted()).toEqual([first, second, third].toSorted());
      await keys.revoke(first);
      await keys.retire(third);
      expect(await keys.published()).toEqual([second]);
    });

    it('never holds a private part, of whatever kind of key in whatever state', async () => {
      await keys.rotate('RS256');
      await keys.makeNext();
      const known = ['alg', 'crv', 'e', 'kid', 'kty', 'n', 'use', 'x', 'y'];
      const members = (await keySet()).flatMap((key) => Object.keys(key));
      expect([...new Set(members)].toSorted()).toEqual(known);
      const stored: { jwk: object }[] = await app.db.query('SELECT public_jwk AS jwk FROM signing_key');
      const { body } = await app.http.get(PATH);
      await withoutTriggers(
        app.db,
        `UPDATE signing_key SET public_jwk = public_jwk || '{"d":"secret","key_ops":["sign"]}'`,
      );
      expect(stored.length).toBe(3);
      const replica = await start({ beside: app });
      expect(await keySet(replica)).toEqual(body.keys);
    });

    it('may be kept as long as a next key is published at the least before it signs', async () => {
      const { headers } = await app.http.get(PATH);
      expect(headers.get('cache-control')).toBe('public, max-age=120');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      await keys.makeNext();
      app.clock.advance(120);
      await keys.upkeep();
      expect(await keys.in('next')).toHaveLength(1);
    });

    it('tells what another replica changed ten seconds ago, though nothing was heard of it', async () => {
      const replica = await start({ beside: app, clock: new TestClock() });
      const before = await keys.kid('active');
      await keys.revoke(before);
      replica.clock.pass(10_001);
      expect((await keySet(replica)).map(({ kid }) => kid)).toEqual([await keys.kid('active')]);
    });
  });

  describe('503', () => {
    it('rather than keys that may have been revoked meanwhile, and nobody keeps the answer', async () => {
      const proxy = new DatabaseProxy();
      const cut = await start({ via: proxy.open });
      await proxy.cut();
      expect((await cut.http.get(PATH)).status).toBe(200);
      cut.clock.pass(10_001);
      const answer = await cut.http.get(PATH);
      expect(told(answer)).toEqual(refusal(503, 'ServiceUnavailable'));
      expect(answer.headers.get('cache-control')).toBe('no-store');
    });
  });

  describe('404', () => {
    it.each(['/api/.well-known/jwks.json', '/.well-known/jwks', '/.well-known', '/.well-known/openid-configuration'])(
      'is there only where the standard puts it, not at %s',
      async (path) => {
        const answer = await app.http.get(path);
        expect(told(answer)).toEqual(refusal(404, 'NotFound'));
        expect(answer.headers.get('cache-control')).toBe('no-store');
      },
    );
  });
});
