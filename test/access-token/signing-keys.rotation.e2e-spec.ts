import { tally } from '../support/answers.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { headerOf } from '../support/jwt.js';
import { KeysOf } from '../support/keys-of.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

const MAX_AGE = 10_000;

/** Longer than a key set may be kept, by a margin for replicas to learn of the key. */
const PUBLICATION = 360;

const env = { SIGNING_KEY_MAX_AGE: String(MAX_AGE), JWKS_MAX_AGE: '300' };

describe('signing keys: rotation', () => {
  let app: TestApp;
  let replica: TestApp;
  let keys: KeysOf;
  let others: KeysOf;
  let link: DatabaseProxy;
  beforeEach(async () => {
    link = new DatabaseProxy();
    app = await TestApp.start({ env });
    replica = await TestApp.start({ env, beside: app, via: link.open });
    keys = new KeysOf(app);
    others = new KeysOf(replica);
  });
  afterEach(async () => {
    await replica.stop();
    await link.cut();
    await app.stop();
  });

  const use = async (token: string) => Promise.all([app, replica].map(async (one) => new TokenAuthApi(one).use(token)));
  const renew = (accessToken: string, at = app) => at.http.post('/api/v1/auth/token/renew', { body: { accessToken } });

  describe('by age', () => {
    it('publishes the next key before it is due, for longer than a key set may be kept, and then lets it sign', async () => {
      const first = await keys.kid('active');
      app.clock.advance(MAX_AGE - PUBLICATION - 1);
      await keys.upkeep();
      expect(await keys.published()).toEqual([first]);
      app.clock.advance(1);
      await keys.upkeep();
      const next = await keys.kid('next');
      await others.upkeep();
      expect(await keys.published()).toEqual([first, next]);
      expect(await others.published()).toEqual([first, next]);
      app.clock.advance(PUBLICATION - 1);
      await keys.upkeep();
      expect(headerOf((await app.given.identity()).token)).toMatchObject({ kid: first });
      app.clock.advance(1);
      await keys.upkeep();
      expect(await keys.kid('active')).toBe(next);
      expect(await keys.kid('retiring')).toBe(first);
      expect(headerOf((await app.given.identity()).token)).toMatchObject({ kid: next });
    });

    it('is done once, however many replicas look after the keys', async () => {
      const third = await TestApp.start({ env, beside: app });
      const all = [keys, others, new KeysOf(third)];
      for (const seconds of [MAX_AGE, PUBLICATION, MAX_AGE, PUBLICATION]) {
        app.clock.advance(seconds);
        await Promise.all(all.map((one) => one.upkeep()));
        await Promise.all(all.map((one) => one.upkeep()));
      }
      const states = (await keys.operations.list()).map(({ state }) => state);
      expect(states.filter((state) => state !== 'retired' && state !== 'retiring')).toEqual(['active']);
      expect(states).toHaveLength(3);
      const [{ count }]: [{ count: string }] = await app.db.query(
        `SELECT count(*) FROM audit_event WHERE event = 'activate-signing-key'`,
      );
      expect(Number(count)).toBe(2);
      await third.stop();
    });

    it('never happens where it is off, but a next key of an operator signs all the same', async () => {
      const still = await TestApp.start({ env: { ...env, SIGNING_KEY_MAX_AGE: '0' } });
      const its = new KeysOf(still);
      still.clock.advance(100 * MAX_AGE);
      await its.upkeep();
      expect(await its.operations.list()).toHaveLength(1);
      const next = await its.makeNext();
      still.clock.advance(PUBLICATION);
      await its.upkeep();
      expect(await its.kid('active')).toBe(next);
      await still.stop();
    });
  });

  describe('refuses no live token and no request', () => {
    it('whichever replica a token of either key comes to', async () => {
      const before = await app.given.identity();
      const kid = await keys.rotate();
      const after = await app.given.identity();
      expect(headerOf(after.token)).toMatchObject({ kid });
      await others.upkeep();
      expect(await use(before.token)).toEqual([200, 200]);
      expect(await use(after.token)).toEqual([200, 200]);
    });

    it('on a replica that has not learnt of it: what it mints and renews is signed by the new key', async () => {
      const { id, token } = await app.given.identity();
      const old = headerOf(token).kid;
      const log = link.holdBack('INSERT INTO replica');
      await log.answered;
      const kid = await keys.rotate();
      expect(others.loaded.active().kid).toBe(old);
      const minted = await new TokenAuthApi(replica).mint(id, {}, (await app.given.root()).token);
      expect(minted.status).toBe(200);
      expect(headerOf(minted.body.accessToken as string)).toMatchObject({ kid });
      log.letGo();
      const again = await keys.rotate();
      const renewed = await renew(token, replica);
      expect(renewed.status).toBe(200);
      expect(headerOf(renewed.body.accessToken as string)).toMatchObject({ kid: again });
    });

    it('while replicas mint, renew and learn of it at different moments', async () => {
      const { id } = await app.given.identity();
      const caller = (await app.given.root()).token;
      // Renewals of one token follow one another; these are to meet the rotation and not each other.
      const tokens = await Promise.all([1, 2, 3, 4].map(async () => (await app.given.mint(id)).accessToken));
      const texts = [...tokens];
      for (const round of [1, 2, 3]) {
        app.clock.advance(MAX_AGE);
        await keys.upkeep();
        await others.upkeep();
        app.clock.advance(PUBLICATION);
        const requests = [app, replica].flatMap((one, index) => [
          ...Array.from({ length: 6 }, async () => new TokenAuthApi(one).mint(id, {}, caller)),
          ...tokens.slice(2 * index, 2 * index + 2).map(async (token) => renew(token, one)),
        ]);
        const [answers] = await Promise.all([Promise.all(requests), keys.upkeep(), others.upkeep()]);
        expect({ round, ...tally(answers) }).toEqual({ round, 200: 16 });
        texts.push(...answers.map(({ body }) => body.accessToken as string));
      }
      const uses = await Promise.all(texts.map(use));
      expect(uses.flat().filter((status) => status !== 200)).toEqual([]);
    });

    it('and waits for those who sign, but not for those who come after it', async () => {
      const first = await keys.kid('active');
      const hold = async () => {
        const runner = app.db.createQueryRunner();
        await runner.startTransaction();
        const held = runner.query(`SELECT kid FROM signing_key WHERE kid = $1 FOR SHARE`, [first]);
        const end = async () => {
          await runner.commitTransaction();
          await runner.release();
        };
        return { held, end };
      };
      const signer = await hold();
      await signer.held;
      const rotation = keys.rotate();
      await keys.someoneWaits();
      const later = await hold();
      await keys.someoneWaits({ count: 2 });
      expect(await keys.kid('active')).toBe(first);
      await signer.end();
      const kid = await rotation;
      await later.held;
      await later.end();
      expect(await keys.kid('active')).toBe(kid);
    });
  });
});
