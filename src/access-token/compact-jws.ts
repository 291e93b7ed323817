import { type KeyObject, sign, verify } from 'node:crypto';
import type { ActiveKey, VerificationKey } from './signing-key/key-material.js';

/** Longer texts are no tokens of ours; the claims take some 900 characters. */
const MAX_LENGTH = 4096;

/** Canonical base64url (RFC 4648 sections 3.5 and 5): one text for the same bytes, for what is left over is zero. */
const PART = '(?:[\\w-]{4})*(?:[\\w-]{4}|[\\w-]{2}[AEIMQUYcgkosw048]|[\\w-][AQgw])';
const COMPACT = new RegExp(`^${PART}\\.${PART}\\.${PART}$`);

/** A compact JWS of a token that could be ours (RFC 7515 section 3.1, RFC 9068 section 2.1), taken apart. */
export interface CompactJws {
  alg: string;
  kid: string;
  /** The payload as it is encoded. */
  payload: string;
  /** What the signature is of. */
  signed: string;
  signature: Buffer;
}

/**
 * Takes a compact JWS apart, or gives null for any text that could not be ours: too long, not three parts, not canonical,
 * another type, critical extensions.
 */
export function readCompact(text: string): CompactJws | null {
  if (text.length > MAX_LENGTH || !COMPACT.test(text)) return null;
  const [begin, end] = [text.indexOf('.'), text.lastIndexOf('.')];
  const header = parseJson(text.slice(0, begin));
  if (typeof header !== 'object' || header === null) return null;
  const { alg, kid, typ, crit, b64 } = header as Record<string, unknown>;
  const isOurs = typ === 'at+jwt' && crit === undefined && b64 === undefined;
  if (!isOurs || typeof alg !== 'string' || typeof kid !== 'string') return null;
  const signature = Buffer.from(text.slice(end + 1), 'base64url');
  return { alg, kid, payload: text.slice(begin + 1, end), signed: text.slice(0, end), signature };
}

/** The claims of a compact JWS, or null when they are no JSON. */
export const payloadOf = ({ payload }: CompactJws): unknown => parseJson(payload);

function parseJson(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    return null;
  }
}

/** The header of what a key signs; it is the same as long as the key is. */
const headers = new WeakMap<KeyObject, string>();

function headerOf({ algorithm, kid, privateKey }: ActiveKey): string {
  let header = headers.get(privateKey);
  if (header === undefined) {
    header = encoded({ alg: algorithm, typ: 'at+jwt', kid });
    headers.set(privateKey, header);
  }
  return header;
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/** Claims as a signed compact JWS (RFC 7515 section 7.1). Both algorithms digest by SHA-256. */
export function signCompact(claims: object, key: ActiveKey): string {
  const signed = `${headerOf(key)}.${encoded(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), key.privateKey);
  return `${signed}.${(key.algorithm === 'ES256' ? sideBySide(signature) : signature).toString('base64url')}`;
}

/** Whether a key signed a compact JWS (RFC 7515 section 5.2). */
export function isSignedBy({ signed, signature }: CompactJws, { algorithm, publicKey }: VerificationKey): boolean {
  return verify('sha256', Buffer.from(signed), publicKey, algorithm === 'ES256' ? toDer(signature) : signature);
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

/** The other way round. To have OpenSSL read them side by side costs half as much as the verification. */
export function toDer(signature: Buffer): Buffer {
  const numbers = [signature.subarray(0, NUMBER_BYTES), signature.subarray(NUMBER_BYTES)].map(derInteger);
  return derOf(0x30, Buffer.concat(numbers));
}

function derInteger(number: Buffer): Buffer {
  let begin = 0;
  while (begin < number.length - 1 && number[begin] === 0) begin += 1;
  const digits = number.subarray(begin);
  const looksNegative = (digits[0] ?? 0) >= 0x80;
  return derOf(0x02, looksNegative ? Buffer.concat([Buffer.alloc(1), digits]) : digits);
}

/** A value of DER that is shorter than 128 bytes. */
const derOf = (tag: number, content: Buffer): Buffer => Buffer.concat([Buffer.from([tag, content.length]), content]);
