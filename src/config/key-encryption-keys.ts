const KEY_BYTES = 32;

/** Fewer different bytes than this in 32 is no chance: random keys have less than a one in 10^12 chance of it. */
const LEAST_DIFFERENT_BYTES = 12;

/** Reads a key-encryption key of 32 bytes, as base64, base64url or hexadecimal. Null when it is none, or a weak one. */
export function parseKeyEncryptionKey(text: string): Buffer | null {
  const isHex = /^[0-9a-f]{64}$/i.test(text);
  if (!isHex && !/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return null;
  const key = Buffer.from(text, isHex ? 'hex' : 'base64');
  return key.length === KEY_BYTES && !isWeak(key) ? key : null;
}

/** What a person made up instead of a generator: a few bytes over and over, a count, a text. */
const isWeak = (key: Buffer): boolean => new Set(key).size < LEAST_DIFFERENT_BYTES || isCount(key) || isPrintable(key);

const isCount = (key: Buffer): boolean =>
  new Set(key.subarray(1).map((byte, index) => byte - (key[index] ?? 0))).size === 1;

const isPrintable = (key: Buffer): boolean => key.every((byte) => byte >= 0x20 && byte <= 0x7e);
