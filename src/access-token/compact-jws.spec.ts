import { verify } from 'node:crypto';
import { sideBySide, signCompact } from './compact-jws.js';
import { KEY_ALGORITHMS, makeKey } from './key-material.js';

const integer = (hex: string): string => `02${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`;

function der(one: string, other: string): Buffer {
  const numbers = integer(one) + integer(other);
  return Buffer.from(`30${(numbers.length / 2).toString(16).padStart(2, '0')}${numbers}`, 'hex');
}

describe('sideBySide', () => {
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
