import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** A version 7 UUID (RFC 9562): unique, and sorted by the time of its making. */
export const newId = (): string => v7();

const REQ_ID_LENGTH = 14;

/** Random bytes are taken in blocks: to ask for a few costs as much as to ask for many. */
const block = Buffer.alloc(REQ_ID_LENGTH * 512);
let used = block.length;

/** `req-` and 14 letters or digits: a name to find one request in a log by, no secret. */
export function newReqId(): string {
  if (used === block.length) {
    randomFillSync(block);
    used = 0;
  }
  let id = 'req-';
  for (const end = used + REQ_ID_LENGTH; used < end; used += 1) {
    id += ALPHABET.charAt(block[used] % ALPHABET.length);
  }
  return id;
}
