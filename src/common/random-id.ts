import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const ALPHABET_CODES = Uint8Array.from(ALPHABET, (char) => char.charCodeAt(0));
const REQ_ID_START = 'req-';
const REQ_ID_LENGTH = 14;
const UUID_LENGTH = 16;

/** Random bytes are taken in blocks: to ask for a few costs as much as to ask for many. */
const block = Buffer.alloc(8192);
let used = block.length;

/** Each byte is given once. */
function randomBytes(length: number): Buffer {
  if (used + length > block.length) {
    randomFillSync(block);
    used = 0;
  }
  used += length;
  return block.subarray(used - length, used);
}

let lastAt = 0;
let countInLast = 0;

/** A version 7 UUID (RFC 9562): unique, and sorted by the time of its making, those of one millisecond by their order. */
export function newId(): string {
  const random = randomBytes(UUID_LENGTH);
  const now = Date.now();
  if (now > lastAt) {
    lastAt = now;
    // The highest bit is left free, so that what is made in one millisecond can be counted up without end.
    countInLast = random.readUInt32BE() >>> 1;
  } else {
    countInLast += 1;
  }
  return textOf(v7({ random, msecs: lastAt, seq: countInLast }, uuid));
}

const uuid = Buffer.alloc(UUID_LENGTH);
const text = Buffer.from('........-....-....-....-............');
const PLACES = [...text.entries()].flatMap(([at, char]) => (char === '.'.charCodeAt(0) ? [at] : []));
const HEX_CODES = Buffer.from('0123456789abcdef');

/** The usual text of a UUID. The library puts it together from text for each byte, which takes as long as all else. */
function textOf(bytes: Uint8Array): string {
  for (let at = 0; at < UUID_LENGTH; at += 1) {
    text[PLACES[2 * at]] = HEX_CODES[bytes[at] >> 4];
    text[PLACES[2 * at + 1]] = HEX_CODES[bytes[at] & 15];
  }
  return text.toString('latin1');
}

/** `req-` and 14 letters or digits: a name to find one request in a log by, no secret. */
export function newReqId(): string {
  const codes = randomBytes(REQ_ID_LENGTH);
  for (let at = 0; at < REQ_ID_LENGTH; at += 1) codes[at] = ALPHABET_CODES[codes[at] % ALPHABET.length];
  return REQ_ID_START + codes.toString('latin1');
}
