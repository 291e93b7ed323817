import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { KeySealer, UnsealError } from './key-sealer.js';

const label = { kid: 'one', algorithm: 'ES256' };
const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

describe('KeySealer', () => {
  const [old, fresh] = [randomBytes(32), randomBytes(32)];
  const { privateKey, publicKey } = pair();

  it('opens what it sealed', () => {
    const sealer = new KeySealer([fresh]);
    expect(sealer.unseal(sealer.seal(privateKey, label), label, publicKey).equals(privateKey)).toBe(true);
  });

  it('seals under the first key and opens under any', () => {
    const sealed = new KeySealer([old]).seal(privateKey, label);
    expect(new KeySealer([fresh, old]).unseal(sealed, label, publicKey).equals(privateKey)).toBe(true);
    expect(() =>
      new KeySealer([old]).unseal(new KeySealer([fresh, old]).seal(privateKey, label), label, publicKey),
    ).toThrow(UnsealError);
  });

  it('never seals the same key to the same bytes', () => {
    const sealer = new KeySealer([fresh]);
    expect(sealer.seal(privateKey, label).equals(sealer.seal(privateKey, label))).toBe(false);
  });

  it.each([
    { name: 'another kid', label: { ...label, kid: 'two' }, publicKey },
    { name: 'another algorithm', label: { ...label, algorithm: 'RS256' }, publicKey },
    { name: 'another public key', label, publicKey: createPublicKey(pair().privateKey) },
  ])('opens under no other label: $name', ({ label: other, publicKey: otherPublic }) => {
    const sealer = new KeySealer([fresh]);
    expect(() => sealer.unseal(sealer.seal(privateKey, label), other, otherPublic)).toThrow(UnsealError);
  });

  it('notices each changed byte', () => {
    const sealer = new KeySealer([fresh]);
    const sealed = sealer.seal(privateKey, label);
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => sealer.unseal(changed, label, publicKey)).toThrow(UnsealError);
    }
  });

  it('wants a key to seal under', () => {
    expect(() => new KeySealer([])).toThrow('no key-encryption key');
  });
});
