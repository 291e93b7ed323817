import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { KeySealer, UnsealError } from '../../src/access-token/signing-key/key-sealer.js';
import { Logger } from '@nestjs/common';
import { Restore } from '../../src/access-token/restore.service.js';
import { serviceContext } from '../../src/access-token/service-context.js';
import { BootstrapService } from '../../src/bootstrap/bootstrap.service.js';
import { SigningKey } from '../../src/database/entities/signing-key.entity.js';
import { refusal, told } from '../support/answers.js';
import { KeysOf } from '../support/keys-of.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';
import { withoutTriggers } from '../support/without-triggers.js';

const env = { SIGNING_KEY_MAX_AGE: '1000' };

describe('signing keys: what opens them', () => {
  const running: TestApp[] = [];
  const start = async (options: Parameters<typeof TestApp.start>[0] = {}) => {
    const app = await TestApp.start({ env, ...options });
    running.unshift(app);
    return app;
  };
  afterEach(async () => {
    jest.restoreAllMocks();
    for (const app of running.splice(0)) await app.stop();
  });

  describe('a replica that opens no key', () => {
    it('answers 503: it can neither sign nor check who made the keys', async () => {
      const errors = jest.spyOn(Logger.prototype, 'error');
      const app = await start();
      const { id, token } = await app.given.identity();
      const caller = (await app.given.root()).token;
      const replica = await start({ beside: app, keyEncryptionKeys: [randomBytes(32)] });
      const api = new TokenAuthApi(replica);
      const unavailable = refusal(503, 'ServiceUnavailable');
      expect(await api.use(token)).toBe(503);
      expect(told(await api.mint(id, {}, caller))).toEqual(unavailable);
      const renewed = await replica.http.post('/api/v1/auth/token/renew', { body: { accessToken: token } });
      expect(told(renewed)).toEqual(unavailable);
      expect(told(await replica.http.get('/.well-known/jwks.json'))).toEqual(unavailable);
      expect(new KeysOf(replica).loaded).toMatchObject({ canSign: false, canVerify: false });
      const kid = await new KeysOf(app).kid('active');
      await new KeysOf(replica).loaded.load();
      const lines = errors.mock.calls.filter(([line]) => String(line).includes(`signing key ${kid} is bound to`));
      expect(lines).toHaveLength(1);
    });

    it('makes no key that would open nowhere else, and lets none sign', async () => {
      const app = await start();
      const replica = await start({ beside: app, keyEncryptionKeys: [randomBytes(32)] });
      const [keys, others] = [new KeysOf(app), new KeysOf(replica)];
      app.clock.advance(1000);
      await others.upkeep();
      expect(await keys.in('next')).toEqual([]);
      await keys.upkeep();
      const next = await keys.kid('next');
      app.clock.advance(1000);
      await others.upkeep();
      expect(await keys.kid('next')).toBe(next);
      await expect(others.rotate()).rejects.toThrow('No key of KEY_ENCRYPTION_KEYS opens the active signing key');
      await keys.upkeep();
      expect(await keys.kid('active')).toBe(next);
    });
  });

  describe('an operator whose KEY_ENCRYPTION_KEYS are not those of the replicas', () => {
    const [ours, other] = [randomBytes(32), randomBytes(32)];
    const stored = (app: TestApp): Promise<object[]> => app.db.query('SELECT * FROM signing_key ORDER BY kid');
    const given = async () => {
      const app = await start({ keyEncryptionKeys: [ours] });
      return { app, wrong: await start({ beside: app, keyEncryptionKeys: [other] }) };
    };
    const restore = (app: TestApp, options = {}) =>
      app.nest.get(Restore).accept({ isUndetected: true, ...options }, serviceContext(app.clock.now()));

    it.each([
      ['rotates at once', (keys: KeysOf) => keys.rotate()],
      ['makes the next key', (keys: KeysOf) => keys.makeNext()],
      ['revokes the active key', async (keys: KeysOf) => keys.revoke(await keys.kid('active'))],
      ['seals the keys again', (keys: KeysOf) => keys.reseal()],
      ['accepts a restore', (_: KeysOf, wrong: TestApp) => restore(wrong)],
    ])('changes nothing when it %s', async (_name, act) => {
      const { app, wrong } = await given();
      const { id, token } = await app.given.identity({ role: 'admin' });
      const before = await stored(app);
      await expect(act(new KeysOf(wrong), wrong)).rejects.toThrow('No key of KEY_ENCRYPTION_KEYS opens the');
      expect(await stored(app)).toEqual(before);
      expect((await new TokenAuthApi(app).mint(id, {}, token)).status).toBe(200);
    });

    it('changes nothing either while a next key is there, whose turn has come', async () => {
      const { app, wrong } = await given();
      await new KeysOf(app).makeNext();
      app.clock.advance(1000);
      const before = await stored(app);
      await expect(new KeysOf(wrong).rotate()).rejects.toThrow('opens the active signing key');
      await new KeysOf(wrong).upkeep();
      expect(await stored(app)).toEqual(before);
    });

    it('may revoke a key that does not sign', async () => {
      const { app, wrong } = await given();
      const next = await new KeysOf(app).makeNext();
      expect(await new KeysOf(wrong).revoke(next)).toMatchObject({ active: null });
    });

    it('makes a key that the replicas open, when its list begins with a key that they lack', async () => {
      const { app } = await given();
      const { id, token } = await app.given.identity({ role: 'admin' });
      const operator = await start({ beside: app, keyEncryptionKeys: [other, ours] });
      await new KeysOf(operator).rotate();
      expect((await new TokenAuthApi(app).mint(id, {}, token)).status).toBe(200);
    });

    it.each([
      [
        'revokes the active key',
        async (keys: KeysOf, options: object) => keys.revoke(await keys.kid('active'), options),
      ],
      ['accepts a restore', (_: KeysOf, options: object, wrong: TestApp) => restore(wrong, options)],
    ])('signs again when it says that the keys are lost, and %s', async (_name, act) => {
      const { app, wrong } = await given();
      const { token } = await app.given.identity();
      await act(new KeysOf(wrong), { areEncryptionKeysLost: true }, wrong);
      const administrator = await wrong.nest.get(BootstrapService).recover(serviceContext(app.clock.now()));
      expect(await new TokenAuthApi(wrong).use(administrator.token)).toBe(200);
      expect(await new TokenAuthApi(wrong).use(token)).toBe(401);
    });

    it('makes no first key where a key of others is stored', async () => {
      const { app } = await given();
      await new KeysOf(app).makeNext();
      await withoutTriggers(app.db, `DELETE FROM signing_key WHERE state = 'active'`);
      const before = await stored(app);
      const errors = jest.spyOn(Logger.prototype, 'error');
      await start({ beside: app, keyEncryptionKeys: [randomBytes(32)] });
      expect(await stored(app)).toEqual(before);
      expect(errors).toHaveBeenCalledWith(expect.stringContaining('opens the next signing key'));
    });
  });

  describe('resealing', () => {
    it('lets the former key-encryption key go', async () => {
      const [old, fresh] = [randomBytes(32), randomBytes(32)];
      const app = await start({ keyEncryptionKeys: [old] });
      const { id } = await app.given.identity();
      const { token } = await app.given.root();
      await new KeysOf(app).rotate();
      await new KeysOf(app).makeNext();
      const both = await start({ beside: app, keyEncryptionKeys: [fresh, old] });
      expect(await new KeysOf(both).reseal()).toBe(2);
      const replica = await start({ beside: app, keyEncryptionKeys: [fresh] });
      // Its token was signed by the key that signs no more, which has a MAC and no private half.
      expect((await new TokenAuthApi(replica).mint(id, {}, token)).status).toBe(200);
      app.clock.advance(1000);
      await new KeysOf(replica).upkeep();
      expect((await new TokenAuthApi(replica).mint(id, {}, token)).status).toBe(200);
      expect(new KeysOf(replica).loaded.canSign).toBe(true);
    });

    it('changes nothing where one key does not open', async () => {
      const app = await start();
      const keys = new KeysOf(app);
      const other = await start({ beside: app, keyEncryptionKeys: [randomBytes(32)] });
      const sealed = async () => (await keys.operations.list()).map(({ sealedPrivateKey }) => sealedPrivateKey);
      const before = await sealed();
      await expect(new KeysOf(other).reseal()).rejects.toThrow(UnsealError);
      expect(await sealed()).toEqual(before);
    });
  });

  it('a weak key among the stored ones verifies nothing, and takes no other key with it', async () => {
    const app = await start();
    const { token } = await app.given.identity();
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const now = app.clock.now();
    const content = {
      kid: 'weak',
      algorithm: 'RS256',
      publicJwk: publicKey.export({ format: 'jwk' }) as { kty: string },
    };
    await app.db.manager.insert(SigningKey, {
      ...content,
      sealedPrivateKey: null,
      mac: new KeySealer(app.backing.keyEncryptionKeys).mac(content),
      isAdoptable: false,
      state: 'retiring',
      createdAt: now,
      stateSince: now,
      verifiesUntil: null,
    });
    const replica = await start({ beside: app });
    const keys = new KeysOf(replica);
    expect(await keys.loaded.find('weak')).toBeNull();
    expect(await keys.published()).toEqual([await keys.kid('active')]);
    expect(await new TokenAuthApi(replica).use(token)).toBe(200);
  });
});
