import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { SigningKey } from '../../database/entities/signing-key.entity.js';
import { ENCRYPTION_KEY_NAME_BYTES, encryptionKeyName, findEncryptionKey } from './encryption-key-name.js';
import { jwkMembers } from './key-material.js';

const VERSION = 1;
const MAC_BYTES = 32;
const INFO = 'token-auth signing key MAC';

/** The columns of a signing key that its MAC covers. */
export type MacContent = Pick<SigningKey, 'kid' | 'algorithm' | 'publicJwk'>;

/**
 * `unknown-encryption-key`: the MAC names a key that `KEY_ENCRYPTION_KEYS` lacks, so nobody here can tell whether it is
 * right.
 */
export type MacCheck = 'valid' | 'wrong' | 'missing' | 'unknown-encryption-key';

/**
 * Returns the MAC that binds a signing key's `kid`, algorithm and public half to a key-encryption key: HMAC-SHA-256
 * (RFC 2104) under a key that HKDF (RFC 5869) derives. Stored form: version, name of the key-encryption key, MAC.
 */
export function macOf(content: MacContent, encryptionKey: Buffer): Buffer {
  const key = Buffer.from(hkdfSync('sha256', encryptionKey, '', INFO, MAC_BYTES));
  const mac = createHmac('sha256', key).update(macInput(content)).digest();
  return Buffer.concat([Buffer.of(VERSION), encryptionKeyName(encryptionKey), mac]);
}

/** Checks a stored MAC in constant time. */
export function checkMac(content: MacContent, mac: Buffer | null, encryptionKeys: readonly Buffer[]): MacCheck {
  if (mac === null) return 'missing';
  if (mac.length !== 1 + ENCRYPTION_KEY_NAME_BYTES + MAC_BYTES || mac[0] !== VERSION) return 'wrong';
  const encryptionKey = findEncryptionKey(mac, encryptionKeys);
  if (!encryptionKey) return 'unknown-encryption-key';
  return timingSafeEqual(mac, macOf(content, encryptionKey)) ? 'valid' : 'wrong';
}

/** A JSON array, because no two contents give the same text. */
const macInput = ({ kid, algorithm, publicJwk }: MacContent): string =>
  JSON.stringify([kid, algorithm, jwkMembers(publicJwk)]);
