import { authenticityOf, isVerifying } from '../../access-token/signing-key/key-authenticity.js';
import { verificationKey } from '../../access-token/signing-key/key-material.js';
import type { KeySchedule } from '../../access-token/signing-key/key-schedule.js';
import { KeySealer } from '../../access-token/signing-key/key-sealer.js';
import type { SigningKey } from '../../database/entities/signing-key.entity.js';
import { fault, type Finding, ok, warning } from './finding.js';

/** Replicas change keys within this of the time that is due, in milliseconds; later, none of them is at it. */
const PATIENCE_MS = 3_600_000;

const DAY_MS = 86_400_000;

/** What the stored signing keys, and the keys that are to open them, say. */
export function keyChecks(
  keys: readonly SigningKey[],
  keyEncryptionKeys: readonly Buffer[],
  now: Date,
  schedule: KeySchedule,
): Finding[] {
  const active = keys.find(({ state }) => state === 'active');
  if (!active) return [noActive(keys)];
  const sealed = keys.filter(({ sealedPrivateKey }) => sealedPrivateKey !== null);
  return [
    ...sealed.map((key) => sealFinding(key, keyEncryptionKeys)),
    ...keys.filter(isVerifying).flatMap((key) => macFindings(key, keyEncryptionKeys)),
    ageFinding(active, now, schedule),
  ];
}

/** Checks that the service made the stored key. Reports nothing for a valid key. */
function macFindings(key: SigningKey, keyEncryptionKeys: readonly Buffer[]): Finding[] {
  const check = 'signing key';
  const name = `${key.kid} (${key.algorithm}, ${key.state})`;
  switch (authenticityOf(key, new KeySealer(keyEncryptionKeys))) {
    case 'bound':
      return [];
    case 'sealed':
      return [warning(check, `${name} has no MAC yet`, 'Start a replica of this version: it adds the MAC')];
    case 'unknown-encryption-key':
      return [
        fault(
          check,
          `${name} is bound to a key that KEY_ENCRYPTION_KEYS lacks; tokens that it signed are rejected`,
          'Bring back that key of KEY_ENCRYPTION_KEYS, or: token-auth keys revoke',
        ),
      ];
    default:
      return [
        fault(
          check,
          `${name} has no valid MAC; tokens that it signed are rejected`,
          'Find out who wrote to the table signing_key, then: token-auth keys revoke',
        ),
      ];
  }
}

const noActive = (keys: readonly SigningKey[]): Finding =>
  keys.length === 0
    ? ok('signing key', 'none yet: the first start makes one')
    : fault('signing key', 'none is active: nothing can be signed', 'Make one: token-auth keys rotate --now');

function sealFinding(key: SigningKey, keyEncryptionKeys: readonly Buffer[]): Finding {
  const check = 'signing key';
  const name = `${key.kid} (${key.algorithm}, ${key.state})`;
  if (!opens(key, keyEncryptionKeys))
    return fault(
      check,
      `${name} does not open`,
      'Bring back the key of KEY_ENCRYPTION_KEYS that it was sealed under, or: token-auth keys revoke',
    );
  if (!opens(key, keyEncryptionKeys.slice(0, 1)))
    return warning(
      check,
      `${name} is sealed under a former key of KEY_ENCRYPTION_KEYS`,
      'Seal it anew: token-auth keys reseal',
    );
  return ok(check, `${name} opens`);
}

function opens(key: SigningKey, keyEncryptionKeys: readonly Buffer[]): boolean {
  try {
    new KeySealer(keyEncryptionKeys).unseal(key.sealedPrivateKey as Buffer, key, verificationKey(key).publicKey);
    return true;
  } catch {
    return false;
  }
}

function ageFinding({ kid, stateSince }: SigningKey, now: Date, { maxAge }: KeySchedule): Finding {
  const age = now.getTime() - stateSince.getTime();
  const message = `${kid} has been signing for ${Math.floor(age / DAY_MS)} days`;
  if (age <= maxAge + PATIENCE_MS) return ok('rotation', message);
  const remedy = 'Look why no replica rotates it (its log says), or: token-auth keys rotate';
  return warning('rotation', `${message}, longer than SIGNING_KEY_MAX_AGE`, remedy);
}
