import type { SigningKey } from '../../database/entities/signing-key.entity.js';
import { BadRequestError } from '../../common/errors/app-error.js';
import { verificationKey } from './key-material.js';
import type { KeySealer } from './key-sealer.js';

/**
 * How a stored key proves that an owner of `KEY_ENCRYPTION_KEYS` made it.
 *
 * - `bound`: its MAC is valid.
 * - `sealed`: it has no MAC that can be checked, but its private half opens. The seal covers the same content, so the key
 *   is authentic and can get a MAC. The previous version adds keys without one.
 * - `unknown-encryption-key`: the MAC or the seal names a key that `KEY_ENCRYPTION_KEYS` lacks.
 * - `unauthentic`: its MAC is wrong, or nothing proves anything.
 */
export type Authenticity = 'bound' | 'sealed' | 'unknown-encryption-key' | 'unauthentic';

export const isActive = ({ state }: SigningKey): boolean => state === 'active';
export const isNext = ({ state }: SigningKey): boolean => state === 'next';

/** Whether the state lets the key verify tokens. */
export const isVerifying = ({ state }: SigningKey): boolean => state !== 'retired' && state !== 'revoked';

export function authenticityOf(row: SigningKey, sealer: KeySealer): Authenticity {
  const mac = sealer.checkMac(row);
  if (mac === 'valid') return 'bound';
  if (mac === 'wrong') return 'unauthentic';
  if (opens(row, sealer)) return 'sealed';
  const isSealedElsewhere = row.sealedPrivateKey !== null && !sealer.knowsKeyOf(row.sealedPrivateKey);
  return mac === 'unknown-encryption-key' || isSealedElsewhere ? 'unknown-encryption-key' : 'unauthentic';
}

export const isAuthentic = (authenticity: Authenticity): boolean =>
  authenticity === 'bound' || authenticity === 'sealed';

/** Whether the private half is there and opens. */
export function opens(row: SigningKey, sealer: KeySealer): boolean {
  if (row.sealedPrivateKey === null) return false;
  try {
    sealer.unseal(row.sealedPrivateKey, row, verificationKey(row).publicKey);
    return true;
  } catch {
    return false;
  }
}

/** `KEY_ENCRYPTION_KEYS` are not those that protect the stored signing keys. */
export class WrongEncryptionKeysError extends BadRequestError {
  constructor({ kid, state }: SigningKey) {
    super(
      `No key of KEY_ENCRYPTION_KEYS opens the ${state} signing key ${kid}, so the replicas may not open a key that is ` +
        'made here; nothing was changed. Set KEY_ENCRYPTION_KEYS as the replicas have it. If that is lost, see ' +
        '"Lost key-encryption keys" in docs/signing-keys.md',
    );
  }
}

/**
 * Returns what a new key has to be sealed like, so that every replica that opens the stored keys opens the new one too:
 * the private half of the active key, else of the next one, else the MAC of one that only verifies. Returns undefined
 * when no key is stored. Throws `WrongEncryptionKeysError` when that key does not open here.
 */
export function sealingReference(rows: readonly SigningKey[], sealer: KeySealer): Buffer | undefined {
  const reference = rows.find(isActive) ?? rows.find(isNext) ?? rows.find((row) => isVerifying(row) && row.mac);
  if (!reference) return undefined;
  const isOpen = reference.sealedPrivateKey ? opens(reference, sealer) : sealer.checkMac(reference) === 'valid';
  if (!isOpen) throw new WrongEncryptionKeysError(reference);
  return reference.sealedPrivateKey ?? reference.mac ?? undefined;
}
