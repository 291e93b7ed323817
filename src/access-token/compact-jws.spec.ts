import { createSecretKey, verify } from 'node:crypto';
import { type CompactJws, isSignedBy, payloadOf, readCompact, sideBySide, signCompact, toDer } from './compact-jws.js';
import { hasLowS } from './low-s.js';
import { KEY_ALGORITHMS, makeKey, publicJwk } from './signing-key/key-material.js';

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

describe('readCompact', () => {
  const encoded = (part: object | string): string =>
    Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
  const header = { alg: 'ES256', kid: 'k', typ: 'at+jwt' };
  const textOf = (head: object | string): string => `${encoded(head)}.${encoded({ a: 1 })}.${encoded('signature')}`;

  it('takes apart what could be ours', () => {
    const text = textOf({ ...header, more: true });
    expect(readCompact(text)).toEqual({
      alg: 'ES256',
      kid: 'k',
      allowsHighS: false,
      payload: Buffer.from('{"a":1}'),
      signed: text.slice(0, text.lastIndexOf('.')),
      signature: Buffer.from('signature'),
    });
  });

  it.each([
    ['of another type', textOf({ ...header, typ: 'JWT' })],
    ['without a type', textOf({ alg: 'ES256', kid: 'k' })],
    ['with critical extensions', textOf({ ...header, crit: ['x'] })],
    ['with another form of payload', textOf({ ...header, b64: false })],
    ['without a key', textOf({ ...header, kid: undefined })],
    ['whose key is no text', textOf({ ...header, kid: 5 })],
    ['whose algorithm is no text', textOf({ ...header, alg: null })],
    ['whose header is no JSON', textOf('{')],
    ['whose header is null', textOf('null')],
    ['whose header is a number', textOf('5')],
    ['of two parts', textOf(header).split('.').slice(0, 2).join('.')],
    ['of four parts', `${textOf(header)}.x`],
    ['that begins with a dot', `.${textOf(header).split('.').slice(1).join('.')}`],
    ['without a dot', encoded(header)],
    ['with an empty part', `${encoded(header)}..${encoded('signature')}`],
    ['with padding', `${textOf(header)}=`],
    ['with a line end', `${textOf(header)}\n`],
    ['that is empty', ''],
    ['that is too long', `${textOf(header)}${'A'.repeat(4096)}`],
  ])('gives null for a text %s', (_name, text) => {
    expect(readCompact(text)).toBeNull();
  });

  it.each([
    ['exactly as earlier versions wrote it', { alg: 'ES256', typ: 'at+jwt', kid: 'k' }, true],
    ['as this version writes it', { typ: 'at+jwt', alg: 'ES256', kid: 'k' }, false],
    ['in another order', { alg: 'ES256', kid: 'k', typ: 'at+jwt' }, false],
    ['with another member', { alg: 'ES256', typ: 'at+jwt', kid: 'k', x: 1 }, false],
    ['with spaces', '{"alg":"ES256","typ":"at+jwt", "kid":"k"}', false],
    ['with a member twice', '{"alg":"ES256","typ":"at+jwt","kid":"x","kid":"k"}', false],
  ])('allows a high S when the header is %s: %j → %s', (_name, head, allowsHighS) => {
    expect(readCompact(textOf(head))).toMatchObject({ allowsHighS });
  });

  it('knows one text alone for the same bytes', () => {
    const digits = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'];
    for (const before of ['', 'x', 'xy', 'xyz', 'xyzw', 'xyzwv']) {
      for (const part of digits.map((digit) => before + digit)) {
        const isCanonical = Buffer.from(part, 'base64url').toString('base64url') === part;
        const texts = [`${encoded(header)}.${part}.AAAA`, `${encoded(header)}.AAAA.${part}`];
        expect(texts.map((text) => readCompact(text) !== null)).toEqual([isCanonical, isCanonical]);
      }
    }
  });

  it.each([
    [encoded({ a: 1 }), { a: 1 }],
    [encoded('{'), null],
  ])('gives the payload of %s', (payload, expected) => {
    expect(payloadOf(readCompact(`${encoded(header)}.${payload}.AAAA`) as CompactJws)).toEqual(expected);
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
      expect(algorithm === 'RS256' || hasLowS(Buffer.from(signature, 'base64url'))).toBe(true);
    }
  });

  it('writes a header that does not allow a high S', async () => {
    expect(readCompact(signCompact({}, await makeKey('ES256')))).toMatchObject({ allowsHighS: false });
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
      const verdicts = [text, ...forged].map((one) => isSignedBy(readCompact(one) as CompactJws, key));
      expect(await Promise.all(verdicts)).toEqual([true, ...forged.map(() => false)]);
    }
  });

  it('accepts one encoding of an RS256 signature: no shorter, longer or larger number for the same value', async () => {
    const key = await makeKey('RS256');
    const text = signCompact({}, key);
    const modulus = Buffer.from(publicJwk(key.publicKey).n ?? '', 'base64url');
    const numberOf = (bytes: Buffer) => BigInt(`0x${bytes.toString('hex')}`);
    const larger = (bytes: Buffer) =>
      Buffer.from((numberOf(bytes) + numberOf(modulus)).toString(16).padStart(2 * modulus.length, '0'), 'hex');
    const others = [larger, (bytes: Buffer) => Buffer.concat([Buffer.alloc(1), bytes])];
    const results = others.map((change) => isSignedBy(readCompact(withSignature(text, change)) as CompactJws, key));
    expect(await Promise.all(results)).toEqual([false, false]);
  });

  it('fails where a key is no key to verify by, and not for others at the same time', async () => {
    const key = await makeKey('ES256');
    const jws = readCompact(signCompact({}, key)) as CompactJws;
    const verdicts = [{ ...key, publicKey: createSecretKey(Buffer.alloc(32)) }, key].map((one) => isSignedBy(jws, one));
    expect(await Promise.allSettled(verdicts)).toMatchObject([{ status: 'rejected' }, { value: true }]);
  });
});
