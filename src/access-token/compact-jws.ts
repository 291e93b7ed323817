import { type KeyObject, sign, verify } from 'node:crypto';
import { beginTogether } from '../common/begin-together.js';
import { leastRecent } from '../common/least-recent.js';
import { normalizeS } from './low-s.js';
import type { ActiveKey, VerificationKey } from './signing-key/key-material.js';

/** Longer texts are no tokens of ours; the claims take some 900 characters. */
const MAX_LENGTH = 4096;

/** More than there are keys that verify at a time. */
const MOST_HEADERS = 64;

/** A compact JWS of a token that could be ours (RFC 7515 section 3.1, RFC 9068 section 2.1), taken apart. */
export interface CompactJws extends JwsHeader {
  payload: Buffer;
  /** What the signature is of. */
  signed: string;
  signature: Buffer;
}

/** What a header says that could be of ours. */
interface JwsHeader {
  alg: string;
  kid: string;
  /**
   * Whether an ES256 signature may have a high S. Earlier versions wrote the members of the header in another order and
   * did not normalize S. The signature covers the header, so nobody can turn a token of one kind into the other.
   */
  allowsHighS: boolean;
}

/**
 * Takes a compact JWS apart, or gives null for any text that could not be ours: too long, not three parts, not canonical,
 * another type, critical extensions.
 */
export function readCompact(text: string): CompactJws | null {
  if (text.length > MAX_LENGTH) return null;
  const [begin, end] = [text.indexOf('.'), text.lastIndexOf('.')];
  const header = readHeader(text.slice(0, Math.max(0, begin)));
  const payload = decoded(text.slice(begin + 1, end));
  const signature = decoded(text.slice(end + 1));
  if (!header || !payload || !signature) return null;
  return { ...header, payload, signed: text.slice(0, end), signature };
}

/** Headers that were read before: all tokens of one key have the same. */
const readBefore = leastRecent<JwsHeader>(MOST_HEADERS);

function readHeader(part: string): JwsHeader | null {
  const known = readBefore.get(part);
  if (known) return known;
  const header = parseJson(decoded(part));
  if (typeof header !== 'object' || header === null) return null;
  const { alg, kid, typ, crit, b64 } = header as Record<string, unknown>;
  const isOurs = typ === 'at+jwt' && crit === undefined && b64 === undefined;
  if (!isOurs || typeof alg !== 'string' || typeof kid !== 'string') return null;
  const read = { alg, kid, allowsHighS: part === encoded({ alg, typ, kid }) };
  readBefore.set(part, read);
  return read;
}

/**
 * The bytes of a part, or null where it isn't the one text for them (RFC 4648 sections 3.5 and 5): a decoder passes over
 * characters that it doesn't know and bits that are left over.
 */
function decoded(part: string): Buffer | null {
  const bytes = Buffer.from(part, 'base64url');
  return part !== '' && bytes.toString('base64url') === part ? bytes : null;
}

/** The claims of a compact JWS, or null when they are no JSON. */
export const payloadOf = ({ payload }: CompactJws): unknown => parseJson(payload);

function parseJson(bytes: Buffer | null): unknown {
  try {
    return bytes && JSON.parse(bytes.toString());
  } catch {
    return null;
  }
}

/** The header of what a key signs; it is the same as long as the key is. */
const headers = new WeakMap<KeyObject, string>();

function headerOf({ algorithm, kid, privateKey }: ActiveKey): string {
  let header = headers.get(privateKey);
  if (header === undefined) {
    // The order of the members says that S is low; `readHeader` knows that of earlier versions.
    header = encoded({ typ: 'at+jwt', alg: algorithm, kid });
    headers.set(privateKey, header);
  }
  return header;
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/**
 * Claims as a signed compact JWS (RFC 7515 section 7.1). Both algorithms digest by SHA-256. An ES256 signature has a low
 * S: the other half of the signatures that ECDSA accepts would make a second text of the same token.
 */
export function signCompact(claims: object, key: ActiveKey): string {
  const signed = `${headerOf(key)}.${encoded(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), key.privateKey);
  return `${signed}.${(key.algorithm === 'ES256' ? normalizeS(sideBySide(signature)) : signature).toString('base64url')}`;
}

/**
 * Whether a key signed a compact JWS (RFC 7515 section 5.2). Takes longer than all else that a verification does, so
 * another thread does it: whoever asks about known tokens needn't wait for it.
 */
export function isSignedBy(jws: CompactJws, { algorithm, publicKey }: VerificationKey): Promise<boolean> {
  const signature = algorithm === 'ES256' ? toDer(jws.signature) : jws.signature;
  return new Promise((tell, fail) => {
    beginTogether(() => {
      try {
        verify('sha256', Buffer.from(jws.signed, 'latin1'), publicKey, signature, (error, isGood) =>
          error ? fail(error) : tell(isGood),
        );
      } catch (error) {
        fail(error);
      }
    });
  });
}

/** Bytes of each of the two numbers of an ES256 signature. */
const NUMBER_BYTES = 32;

/** Where the first number begins in DER: after the sequence's tag and length, and its own. */
const FIRST = 4;

/**
 * The two numbers of an ECDSA signature side by side (RFC 7518 section 3.4), from DER, which leaves leading zeros out
 * and puts one before a number that would look negative. To have OpenSSL write them so costs as much as the signature.
 */
export function sideBySide(der: Buffer): Buffer {
  const afterFirst = FIRST + der[FIRST - 1];
  const second = afterFirst + 2;
  const numbers = [der.subarray(FIRST, afterFirst), der.subarray(second, second + der[second - 1])];
  const bytes = Buffer.alloc(2 * NUMBER_BYTES);
  for (const [index, number] of numbers.entries()) {
    const digits = number.subarray(Math.max(0, number.length - NUMBER_BYTES));
    bytes.set(digits, (index + 1) * NUMBER_BYTES - digits.length);
  }
  return bytes;
}

/**
 * The other way round, of 64 bytes: what is there of fewer would be of other memory. To have OpenSSL read them side by
 * side costs half as much as the verification.
 */
export function toDer(signature: Buffer): Buffer {
  const der = Buffer.allocUnsafe(FIRST + 1 + NUMBER_BYTES + 2 + 1 + NUMBER_BYTES);
  let end = FIRST - 2;
  for (const begin of [0, NUMBER_BYTES]) {
    let at = begin;
    while (at < begin + NUMBER_BYTES - 1 && signature[at] === 0) at += 1;
    const looksNegative = (signature[at] ?? 0) >= 0x80 ? 1 : 0;
    const size = looksNegative + begin + NUMBER_BYTES - at;
    der[end] = 0x02;
    der[end + 1] = size;
    der[end + 2] = 0;
    signature.copy(der, end + 2 + looksNegative, at, begin + NUMBER_BYTES);
    end += 2 + size;
  }
  der[0] = 0x30;
  der[1] = end - 2;
  return der.subarray(0, end);
}
