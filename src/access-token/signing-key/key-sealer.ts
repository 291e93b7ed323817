import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import type { SigningKey } from '../../database/entities/signing-key.entity.js';
import {
  ENCRYPTION_KEY_NAME_BYTES as KEY_NAME_BYTES,
  encryptionKeyName as nameOf,
  findEncryptionKey,
} from './encryption-key-name.js';
import { checkMac, type MacCheck, type MacContent, macOf } from './key-mac.js';

const VERSION = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/** What a sealed key is bound to: sealed under one name, it opens under no other. */
export interface KeyLabel {
  kid: string;
  algorithm: string;
}

/** A sealed key could not be opened, or is not what its label says. */
export class UnsealError extends Error {}

/**
 * Keeps private signing keys sealed with AES-256-GCM (NIST SP 800-38D), and public halves bound by a MAC. The first
 * key-encryption key seals, all open, so that one can be replaced by another. Sealed form: version, name of the key, IV,
 * tag, PKCS #8.
 */
export class KeySealer {
  constructor(private readonly keyEncryptionKeys: readonly Buffer[]) {
    if (keyEncryptionKeys.length === 0) throw new Error('There is no key-encryption key');
  }

  /**
   * Seals a private key, bound to its label and its public half: under the key-encryption key that `like` names, a sealed
   * key or a MAC, or under the first of the list.
   */
  seal(privateKey: KeyObject, label: KeyLabel, like?: Buffer): Buffer {
    const key = this.keyLike(like);
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, key, iv).setAAD(associatedData(label, createPublicKey(privateKey)));
    const body = Buffer.concat([cipher.update(privateKey.export({ type: 'pkcs8', format: 'der' })), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), nameOf(key), iv, cipher.getAuthTag(), body]);
  }

  /** Opens a sealed key. The public half is bound into the seal and derived anew from what was opened. */
  unseal(sealed: Buffer, label: KeyLabel, publicKey: KeyObject): KeyObject {
    const key = findEncryptionKey(sealed, this.keyEncryptionKeys);
    if (sealed[0] !== VERSION || !key)
      throw new UnsealError(`No key of KEY_ENCRYPTION_KEYS opens the signing key ${label.kid}`);
    const privateKey = open(sealed, key, associatedData(label, publicKey), label.kid);
    if (!createPublicKey(privateKey).equals(publicKey))
      throw new UnsealError(`The signing key ${label.kid} is not its own`);
    return privateKey;
  }

  /** Returns the MAC of a signing key's public half, under the same key-encryption key as `seal`. */
  mac(content: MacContent, like?: Buffer): Buffer {
    return macOf(content, this.keyLike(like));
  }

  checkMac(row: SigningKey): MacCheck {
    return checkMac(row, row.mac, this.keyEncryptionKeys);
  }

  /** Whether the key-encryption key that a sealed key names is in the list. */
  knowsKeyOf(sealed: Buffer): boolean {
    return findEncryptionKey(sealed, this.keyEncryptionKeys) !== undefined;
  }

  private keyLike(like?: Buffer): Buffer {
    const key = like ? findEncryptionKey(like, this.keyEncryptionKeys) : this.keyEncryptionKeys[0];
    if (!key) throw new UnsealError('KEY_ENCRYPTION_KEYS lacks the key that protects the stored signing keys');
    return key;
  }
}

function open(sealed: Buffer, key: Buffer, aad: Buffer, kid: string): KeyObject {
  const iv = sealed.subarray(1 + KEY_NAME_BYTES, 1 + KEY_NAME_BYTES + IV_BYTES);
  const body = sealed.subarray(1 + KEY_NAME_BYTES + IV_BYTES);
  try {
    const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES })
      .setAAD(aad)
      .setAuthTag(body.subarray(0, TAG_BYTES));
    const der = Buffer.concat([decipher.update(body.subarray(TAG_BYTES)), decipher.final()]);
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch (cause) {
    throw new UnsealError(`The sealed signing key ${kid} was changed`, { cause });
  }
}

const associatedData = ({ kid, algorithm }: KeyLabel, publicKey: KeyObject): Buffer =>
  Buffer.concat([Buffer.from(`${kid}\0${algorithm}\0`), publicKey.export({ type: 'spki', format: 'der' })]);
