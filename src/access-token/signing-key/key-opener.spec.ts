import { randomBytes } from 'node:crypto';
import { JwtService } from '@nestjs/jwt';
import type { SigningKey } from '../../database/entities/signing-key.entity.js';
import { KEY_ALGORITHMS, makeKey } from './key-material.js';
import { KeyOpener } from './key-opener.service.js';
import { KeySealer } from './key-sealer.js';

describe('KeyOpener', () => {
  const sealer = new KeySealer([randomBytes(32)]);

  it.each(KEY_ALGORITHMS)('opens an %s key whose signatures verify', async (algorithm) => {
    const key = await makeKey(algorithm);
    const row = { ...key, sealedPrivateKey: sealer.seal(key.privateKey, key) } as unknown as SigningKey;
    const opened = new KeyOpener(sealer, new JwtService()).open(row, key);
    expect(opened.privateKey.equals(key.privateKey)).toBe(true);
  });

  it.each(KEY_ALGORITHMS)('refuses an %s key whose signatures do not', async (algorithm) => {
    const [key, other] = await Promise.all([makeKey(algorithm), makeKey(algorithm)]);
    const opener = new KeyOpener({ unseal: () => other.privateKey } as unknown as KeySealer, new JwtService());
    const row = { ...key, sealedPrivateKey: Buffer.alloc(1) } as unknown as SigningKey;
    expect(() => opener.open(row, key)).toThrow(`What the signing key ${key.kid} signs does not verify`);
  });

  it('refuses one without a private half', async () => {
    const key = await makeKey('ES256');
    const row = { ...key, sealedPrivateKey: null } as unknown as SigningKey;
    expect(() => new KeyOpener(sealer, new JwtService()).open(row, key)).toThrow('has no private half');
  });
});
