import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { UnsealError } from '../../src/access-token/signing-key/key-sealer.js';
import { SigningKey } from '../../src/database/entities/signing-key.entity.js';
import { refusal, told } from '../support/answers.js';
import { KeysOf } from '../support/keys-of.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

const env = { SIGNING_KEY_MAX_AGE: '1000' };

describe('signing keys: what opens them', () => {
  const running: TestApp[] = [];
  const start = async (options: Parameters<typeof TestApp.start>[0] = {}) => {
    const app = await TestApp.start({ env, ...options });
    running.unshift(app);
    return app;
  };
  afterEach(async () => {
    for (const app of running.splice(0)) await app.stop();
  });

  describe('a replica that opens no key', () => {
    it('verifies, and signs nothing', async () => {
      const app = await start();
      const { id, token } = await app.given.identity();
      const caller = (await app.given.root()).token;
      const replica = await start({ beside: app, keyEncryptionKeys: [randomBytes(32)] });
      const api = new TokenAuthApi(replica);
      expect(await api.use(token)).toBe(200);
      const unavailable = refusal(503, 'ServiceUnavailable');
      expect(told(await api.mint(id, {}, caller))).toEqual(unavailable);
      const renewed = await replica.http.post('/api/v1/auth/token/renew', { body: { accessToken: token } });
      expect(told(renewed)).toEqual(unavailable);
      expect(new KeysOf(replica).loaded.canSign).toBe(false);
      expect(await new KeysOf(replica).published()).toEqual(await new KeysOf(app).published());
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
      await expect(others.rotate()).rejects.toThrow(`No key of KEY_ENCRYPTION_KEYS opens the next key ${next}`);
      await keys.upkeep();
      expect(await keys.kid('active')).toBe(next);
    });

    it('signs again by a key that it makes at an operator’s word', async () => {
      const app = await start();
      const { token } = await app.given.root();
      const { id } = await app.given.identity();
      const replica = await start({ beside: app, keyEncryptionKeys: [randomBytes(32)] });
      await new KeysOf(replica).rotate();
      expect((await new TokenAuthApi(replica).mint(id, {}, token)).status).toBe(200);
      expect((await new TokenAuthApi(app).mint(id, {}, token)).status).toBe(503);
    });
  });

  describe('resealing', () => {
    it('lets the former key-encryption key go', async () => {
      const [old, fresh] = [randomBytes(32), randomBytes(32)];
      const app = await start({ keyEncryptionKeys: [old] });
      const { id } = await app.given.identity();
      const { token } = await app.given.root();
      await new KeysOf(app).makeNext();
      const both = await start({ beside: app, keyEncryptionKeys: [fresh, old] });
      expect(await new KeysOf(both).reseal()).toBe(2);
      const replica = await start({ beside: app, keyEncryptionKeys: [fresh] });
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
    await app.db.manager.insert(SigningKey, {
      kid: 'weak',
      algorithm: 'RS256',
      publicJwk: publicKey.export({ format: 'jwk' }) as { kty: string },
      sealedPrivateKey: null,
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
