import { createHash } from 'node:crypto';

export const ENCRYPTION_KEY_NAME_BYTES = 4;

/** The name of a key-encryption key: stored next to what it encrypts or authenticates, so that the key is found again. */
export const encryptionKeyName = (key: Buffer): Buffer =>
  createHash('sha256').update('key name').update(key).digest().subarray(0, ENCRYPTION_KEY_NAME_BYTES);

/** Returns the key that a stored value names behind its version byte, if it is in the list. */
export function findEncryptionKey(stored: Buffer, keys: readonly Buffer[]): Buffer | undefined {
  const name = stored.subarray(1, 1 + ENCRYPTION_KEY_NAME_BYTES);
  return keys.find((key) => encryptionKeyName(key).equals(name));
}
