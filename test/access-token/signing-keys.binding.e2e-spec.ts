import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { signCompact } from '../../src/access-token/compact-jws.js';
import { type ActiveKey, makeKey, publicJwk } from '../../src/access-token/signing-key/key-material.js';
import { KeySealer } from '../../src/access-token/signing-key/key-sealer.js';
import { SigningKey } from '../../src/database/entities/signing-key.entity.js';
import { decodeJwt, headerOf } from '../support/jwt.js';
import { KeysOf } from '../support/keys-of.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';
import { withoutTriggers } from '../support/without-triggers.js';

describe('signing keys: who made them', () => {
  let app: TestApp;
  let keys: KeysOf;
  const replicas: TestApp[] = [];
  beforeEach(async () => {
    app = await TestApp.start();
    keys = new KeysOf(app);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    for (const replica of replicas.splice(0)) await replica.stop();
    await app.stop();
  });
  const startReplica = async (): Promise<TestApp> => {
    const replica = await TestApp.start({ beside: app });
    replicas.push(replica);
    return replica;
  };
  /** The answers of the running replica, which loads the keys again, and of one that starts now. */
  const useEverywhere = async (token: string): Promise<number[]> => {
    await keys.loaded.load();
    return [await new TokenAuthApi(app).use(token), await new TokenAuthApi(await startReplica()).use(token)];
  };
  const column = async (name: string, kid: string): Promise<unknown> => {
    const [row]: object[] = await app.db.query(`SELECT ${name} AS value FROM signing_key WHERE kid = $1`, [kid]);
    return (row as { value: unknown }).value;
  };

  describe('a key that an attacker writes into the table', () => {
    /** The row of somebody's own key. */
    const forgedRow = (key: ActiveKey, changes: Partial<SigningKey> = {}): SigningKey => ({
      kid: key.kid,
      algorithm: key.algorithm,
      publicJwk: publicJwk(key.publicKey),
      sealedPrivateKey: null,
      mac: null,
      isAdoptable: false,
      state: 'retiring',
      createdAt: app.clock.now(),
      stateSince: app.clock.now(),
      verifiesUntil: null,
      ...changes,
    });
    const theirs = new KeySealer([randomBytes(32)]);

    it.each([
      ['no MAC', async () => ({})],
      ['the MAC of another key', async () => ({ mac: (await keys.in('active'))[0]?.mac })],
      ['a MAC under a key of their own', async (key: ActiveKey) => ({ mac: theirs.mac(forgedRow(key)) })],
      [
        'a private half sealed under a key of their own',
        async (key: ActiveKey) => ({
          sealedPrivateKey: theirs.seal(key.privateKey, key),
          state: 'next',
        }),
      ],
      ['bytes for a MAC', async () => ({ mac: Buffer.from('x') })],
    ])('verifies nothing and is not published, with %s', async (_name, changesOf) => {
      const { token } = await app.given.identity();
      const key = await makeKey('ES256');
      await app.db.manager.insert(SigningKey, forgedRow(key, await changesOf(key)));
      const errors = jest.spyOn(Logger.prototype, 'error');
      const forged = signCompact(decodeJwt(token), key);
      expect(await useEverywhere(forged)).toEqual([401, 401]);
      expect(await useEverywhere(token)).toEqual([200, 200]);
      expect(await keys.published()).toEqual([await keys.kid('active')]);
      expect(keys.loaded.rejectedCount).toBe(1);
      const reported = errors.mock.calls.filter(([line]) => String(line).includes(key.kid));
      // One line for each process, however often it loads the keys.
      expect(reported).toHaveLength(1 + replicas.length);
      await keys.upkeep();
      expect(await column('mac', key.kid)).toEqual(
        (await keys.operations.list()).find(({ kid }) => kid === key.kid)?.mac,
      );
      expect(await useEverywhere(forged)).toEqual([401, 401]);
    });

    it('verifies nothing in place of a stored key, not even where that is cached', async () => {
      const { token } = await app.given.identity();
      const kid = await keys.kid('active');
      const theirKey = { ...(await makeKey('ES256')), kid };
      const swap = `UPDATE signing_key SET public_jwk = $2 WHERE kid = $1`;
      const values = [kid, publicJwk(theirKey.publicKey)];
      await expect(app.db.query(swap, values)).rejects.toMatchObject({ code: '42501' });
      await withoutTriggers(app.db, swap, values);
      expect(await useEverywhere(signCompact(decodeJwt(token), theirKey))).toEqual([401, 401]);
      expect(keys.loaded.canSign).toBe(false);
    });

    it('cannot be marked as one from before there were MACs', async () => {
      const row = forgedRow(await makeKey('ES256'), { isAdoptable: true });
      await expect(app.db.manager.insert(SigningKey, row)).rejects.toMatchObject({ code: '42501' });
      await app.db.manager.insert(SigningKey, { ...row, isAdoptable: false });
      const mark = 'UPDATE signing_key SET is_adoptable = true WHERE kid = $1';
      await expect(app.db.query(mark, [row.kid])).rejects.toMatchObject({ code: '42501' });
    });
  });

  describe('a key that was retired or revoked', () => {
    const given = async (end: 'retire' | 'revoke') => {
      const { token } = await app.given.identity();
      const kid = await keys.kid('active');
      const [saved] = await keys.in('active');
      await keys.rotate();
      if (end === 'retire') app.clock.advance(4000 * 86_400);
      await keys[end](kid);
      expect(await keys.kid(`${end}d`)).toBe(kid);
      return { kid, token, saved };
    };

    it.each(['retire', 'revoke'] as const)('has nothing to verify by, and cannot go back: %s', async (end) => {
      const { kid } = await given(end);
      expect(await column('mac', kid)).toBeNull();
      expect(await column('sealed_private_key', kid)).toBeNull();
      for (const state of ['next', 'active', 'retiring']) {
        const back = app.db.query('UPDATE signing_key SET state = $2 WHERE kid = $1', [kid, state]);
        await expect(back).rejects.toMatchObject({ code: '42501' });
      }
    });

    it('verifies nothing though a superuser puts its former row back', async () => {
      const { kid, token, saved } = await given('revoke');
      await withoutTriggers(app.db, `UPDATE signing_key SET state = 'retiring', mac = $2 WHERE kid = $1`, [
        kid,
        saved?.mac,
      ]);
      expect(await useEverywhere(token)).toEqual([401, 401]);
      expect(await keys.published()).not.toContain(kid);
    });

    it('cannot be deleted, and its MAC cannot be removed while it verifies', async () => {
      for (const statement of [
        'DELETE FROM signing_key',
        'TRUNCATE signing_key CASCADE',
        'UPDATE signing_key SET mac = NULL',
      ])
        await expect(app.db.query(statement)).rejects.toMatchObject({ code: '42501' });
    });
  });

  describe('keys of the previous version, which have no MAC', () => {
    /** Rows as the previous version left them, and as the migration marked them. */
    const asBefore = (where = 'true'): Promise<unknown> =>
      withoutTriggers(
        app.db,
        `UPDATE signing_key SET mac = NULL, is_adoptable = state NOT IN ('retired', 'revoked') WHERE ${where}`,
      );
    const events = (): Promise<{ kid: string }[]> =>
      app.db.query(`SELECT details->>'kid' AS kid FROM audit_event WHERE event = 'adopt-signing-key'`);

    it('are taken over by the first start that opens the active key: with all the tokens that they signed', async () => {
      const { id, token } = await app.given.identity({ role: 'admin' });
      const [former, active] = [await keys.kid('active'), await keys.rotate()];
      await keys.makeNext();
      const second = (await new TokenAuthApi(app).mint(id, {}, token)).body.accessToken as string;
      await asBefore();
      const wrong = await TestApp.start({ beside: app, keyEncryptionKeys: [randomBytes(32)] });
      expect(await column('mac', former)).toBeNull();
      await wrong.stop();
      const api = new TokenAuthApi(await startReplica());
      expect([headerOf(token).kid, headerOf(second).kid]).toEqual([former, active]);
      expect([await api.use(token), await api.use(second)]).toEqual([200, 200]);
      expect(await events()).toEqual([{ kid: former }]);
      const rows: object[] = await app.db.query('SELECT FROM signing_key WHERE mac IS NULL OR is_adoptable');
      expect(rows).toEqual([]);
    });

    it('are not taken over once a key has a MAC', async () => {
      const { token } = await app.given.identity();
      const former = await keys.kid('active');
      await keys.rotate();
      await asBefore(`kid = '${former}'`);
      expect(await new TokenAuthApi(await startReplica()).use(token)).toBe(401);
      expect(await events()).toEqual([]);
    });

    it('and are added while it still runs get a MAC from a replica that runs, and keep it when they sign no more', async () => {
      const { id, token } = await app.given.identity({ role: 'admin' });
      const next = await keys.makeNext();
      await withoutTriggers(app.db, 'UPDATE signing_key SET mac = NULL WHERE kid = $1', [next]);
      await keys.loaded.load();
      expect(await keys.published()).toContain(next);
      await keys.upkeep();
      expect(await column('mac', next)).not.toBeNull();
      // As the previous version promotes and demotes: it knows nothing of MACs.
      await app.db.query(
        `UPDATE signing_key SET state = 'retiring', sealed_private_key = NULL, verifies_until = now() WHERE state = 'active'`,
      );
      await app.db.query(`UPDATE signing_key SET state = 'active' WHERE kid = $1`, [next]);
      await keys.loaded.load();
      const { accessToken } = (await new TokenAuthApi(app).mint(id, {}, token)).body;
      expect(headerOf(accessToken as string).kid).toBe(next);
      expect(await useEverywhere(token)).toEqual([200, 200]);
    });
  });

  it('a running replica goes on with the keys that it has checked, when they are bound to a key that it lacks', async () => {
    const { token } = await app.given.identity();
    const both = await TestApp.start({
      beside: app,
      keyEncryptionKeys: [randomBytes(32), ...app.backing.keyEncryptionKeys],
    });
    replicas.push(both);
    await new KeysOf(both).reseal();
    await keys.loaded.load();
    expect(await new TokenAuthApi(app).use(token)).toBe(200);
    expect(await new TokenAuthApi(both).use(token)).toBe(200);
  });
});
