import { verify } from 'node:crypto';
import { isSignedBy, sideBySide, signCompact, toDer } from './compact-jws.js';
import { KEY_ALGORITHMS, makeKey } from './key-material.js';

const integer = (hex: string): string => `02${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`;

function der(one: string, other: string): Buffer {
  const numbers = integer(one) + integer(other);
  return Buffer.from(`30${(numbers.length / 2).toString(16).padStart(2, '0')}${numbers}`, 'hex');
}

describe('sideBySide and toDer', () => {
  it.each([
    { name: 'of full length', one: '7f'.repeat(32), other: '01'.repeat(32) },
    {
      name: 'with a zero before it, for it would look negative',
      one: `00${'ff'.repeat(32)}`,
      other: `00${'80'.repeat(32)}`,
    },
    { name: 'shorter by a byte', one: '7f'.repeat(31), other: `00${'80'.repeat(31)}` },
    { name: 'shorter by many', one: '01', other: '7f'.repeat(20) },
  ])('takes numbers $name', ({ one, other }) => {
    const expected = [one, other].map((hex) => hex.padStart(64, '0').slice(-64)).join('');
    expect(sideBySide(der(one, other)).toString('hex')).toBe(expected);
    expect(toDer(Buffer.from(expected, 'hex')).toString('hex')).toBe(der(one, other).toString('hex'));
  });
});

describe('signCompact', () => {
  it.each(KEY_ALGORITHMS)('signs as %s has it, whatever the signature looks like', async (algorithm) => {
    const key = await makeKey(algorithm);
    for (let serial = 0; serial < 300; serial += algorithm === 'ES256' ? 1 : 100) {
      const [header = '', payload = '', signature = ''] = signCompact({ serial }, key).split('.');
      expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
        alg: algorithm,
        typ: 'at+jwt',
        kid: key.kid,
      });
      expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual({ serial });
      const isGood = verify(
        'sha256',
        Buffer.from(`${header}.${payload}`),
        { key: key.publicKey, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      );
      expect(isGood).toBe(true);
    }
  });
});

describe('isSignedBy', () => {
  const withSignature = (text: string, change: (bytes: Buffer) => Buffer): string => {
    const [header, payload, signature = ''] = text.split('.');
    return [header, payload, change(Buffer.from(signature, 'base64url')).toString('base64url')].join('.');
  };

  it.each(KEY_ALGORITHMS)('tells the texts of an %s key from all others', async (algorithm) => {
    const [key, other] = await Promise.all([makeKey(algorithm), makeKey(algorithm)]);
    for (let serial = 0; serial < 300; serial += algorithm === 'ES256' ? 1 : 100) {
      const text = signCompact({ serial }, key);
      const forged = [
        signCompact({ serial }, other),
        text.replace(/\.[^.]+\./, `.${Buffer.from(JSON.stringify({ serial: serial + 1 })).toString('base64url')}.`),
        withSignature(text, (bytes) => Buffer.alloc(bytes.length)),
        withSignature(text, (bytes) => Buffer.alloc(bytes.length, 0xff)),
        withSignature(text, (bytes) => Buffer.from([...bytes].toReversed())),
      ];
      expect([text, ...forged].map((one) => isSignedBy(one, key))).toEqual([true, ...forged.map(() => false)]);
    }
  });
});
