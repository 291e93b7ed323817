import { randomBytes } from 'node:crypto';
import { v7 } from 'uuid';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** A version 7 UUID (RFC 9562): unique, and sorted by the time of its making. */
export const newId = (): string => v7();

/** `req-` and 14 letters or digits: a name to find one request in a log by, no secret. */
export const newReqId = (): string =>
  `req-${Array.from(randomBytes(14), (byte) => ALPHABET[byte % ALPHABET.length]).join('')}`;
