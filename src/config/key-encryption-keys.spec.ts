import { randomBytes } from 'node:crypto';
import { AppConfig, InvalidEnvironmentError } from './app-config.js';
import { parseKeyEncryptionKey } from './key-encryption-keys.js';

const base64 = (bytes: Iterable<number> | string): string =>
  (typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from([...bytes])).toString('base64');
const count = (length: number, from = 0, step = 1): number[] =>
  Array.from({ length }, (_, index) => (from + index * step) & 255);

/** GHSA-gmvf-9v4p-v8jc, GHSA-8wpc-h4q6-8fxv. */
const WEAK: { name: string; text: string }[] = [
  { name: 'of 31 random bytes', text: randomBytes(31).toString('base64') },
  { name: 'of 33 random bytes', text: randomBytes(33).toString('base64') },
  { name: 'of 16 random bytes in hexadecimal', text: randomBytes(16).toString('hex') },
  { name: 'of zeros', text: base64(count(32, 0, 0)) },
  { name: 'of zeros in hexadecimal', text: '0'.repeat(64) },
  { name: 'of one letter', text: 'A'.repeat(43) },
  { name: 'of eight bytes over and over', text: '0123456789abcdef'.repeat(4) },
  { name: 'that counts up', text: base64(count(32)) },
  { name: 'that counts down', text: base64(count(32, 7, -3)) },
  { name: 'of a text', text: base64('correct horse battery staple 123') },
  { name: 'that is a word', text: 'changeme' },
  { name: 'that is none of base64', text: `${'!'.repeat(43)}=` },
];

describe('parseKeyEncryptionKey', () => {
  it.each(['base64', 'base64url', 'hex'] as const)('takes 32 random bytes in %s', (encoding) => {
    for (let made = 0; made < 1000; made += 1) {
      const key = randomBytes(32);
      expect(parseKeyEncryptionKey(key.toString(encoding))?.equals(key)).toBe(true);
    }
  });

  it.each(WEAK)('takes no key $name', ({ text }) => {
    expect(parseKeyEncryptionKey(text)).toBeNull();
  });

  it('takes no empty text', () => {
    expect(parseKeyEncryptionKey('')).toBeNull();
  });
});

describe('a start without good keys (GHSA-gmvf-9v4p-v8jc, GHSA-8wpc-h4q6-8fxv)', () => {
  const good = randomBytes(32).toString('base64');
  const load = (KEY_ENCRYPTION_KEYS?: string) =>
    AppConfig.load({
      DATABASE_URL: 'postgres://localhost/db',
      ISSUER: 'https://tokens.example',
      ...(KEY_ENCRYPTION_KEYS === undefined ? {} : { KEY_ENCRYPTION_KEYS }),
    });

  it.each([undefined, '', ' ', ',', ' , '])('is refused with %j for the keys', (text) => {
    expect(() => load(text)).toThrow(InvalidEnvironmentError);
    expect(() => load(text)).toThrow('KEY_ENCRYPTION_KEYS is required');
  });

  it.each(WEAK)('is refused with a key $name, also beside a good one, and does not tell it', ({ text }) => {
    for (const texts of [text, `${good},${text}`, `${text},${good}`]) {
      expect(() => load(texts)).toThrow(
        new InvalidEnvironmentError(
          'The environment is not valid:\n  KEY_ENCRYPTION_KEYS must be a comma-separated list of 32-byte keys in base64 or hexadecimal, made at random',
        ),
      );
    }
  });

  it('is not refused with good ones', () => {
    expect(load(`${good}, ${randomBytes(32).toString('hex')}`).KEY_ENCRYPTION_KEYS).toHaveLength(2);
  });
});
