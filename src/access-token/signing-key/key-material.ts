import { createHash, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { PublicJwk, SigningKey } from '../../database/entities/signing-key.entity.js';

/** How access tokens are signed (RFC 7518 section 3.1); each key is for one of them. */
export const KEY_ALGORITHMS = ['ES256', 'RS256'] as const;

export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number];

export interface VerificationKey {
  kid: string;
  algorithm: KeyAlgorithm;
  publicKey: KeyObject;
}

/** A key with its private half, opened. */
export interface ActiveKey extends VerificationKey {
  privateKey: KeyObject;
}

/** A stored key that nothing may be verified by: broken, of another kind than its algorithm wants, or weak. */
export class UnusableKeyError extends Error {}

const RSA_BITS = 3072;
const LEAST_RSA_BITS = 2048;
const LEAST_RSA_EXPONENT = 65_537n;

const generate = promisify(generateKeyPair);

/** A new key, stored nowhere yet. RSA takes its time, away from the event loop. */
export async function makeKey(algorithm: KeyAlgorithm): Promise<ActiveKey> {
  const pair =
    algorithm === 'ES256'
      ? await generate('ec', { namedCurve: 'P-256' })
      : await generate('rsa', { modulusLength: RSA_BITS });
  return { kid: thumbprint(pair.publicKey), algorithm, ...pair };
}

/** Prepares a stored key for verification, once. Refuses what is no key for its algorithm, and what is a weak one. */
export function verificationKey({ kid, algorithm, publicJwk: jwk }: SigningKey): VerificationKey {
  const publicKey = readPublicKey(kid, jwkMembers(jwk));
  if (!isKeyAlgorithm(algorithm) || !isFit(algorithm, publicKey)) {
    throw new UnusableKeyError(`The signing key ${kid} is none for ${algorithm}, or a weak one`);
  }
  return { kid, algorithm, publicKey };
}

/** The public half as a JWK: these members and no others, whatever the key was read from. */
export function publicJwk(publicKey: KeyObject): PublicJwk {
  const { kty = '', ...members } = publicKey.export({ format: 'jwk' });
  return jwkMembers({ kty, ...members });
}

/** The members of a public JWK that make the key (RFC 7518 section 6), in a fixed order. */
export const jwkMembers = ({ kty, crv, x, y, n, e }: PublicJwk): PublicJwk =>
  kty === 'EC' ? { kty, crv, x, y } : { kty, n, e };

/** Bytes of a signature by the key (RFC 7518 sections 3.3 and 3.4). */
export const signatureSize = ({ algorithm, publicKey }: VerificationKey): number =>
  algorithm === 'ES256' ? 64 : (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;

const isKeyAlgorithm = (text: string): text is KeyAlgorithm => (KEY_ALGORITHMS as readonly string[]).includes(text);

function readPublicKey(kid: string, jwk: PublicJwk): KeyObject {
  try {
    return createPublicKey({ key: { ...jwk }, format: 'jwk' });
  } catch (cause) {
    throw new UnusableKeyError(`The signing key ${kid} can't be read`, { cause });
  }
}

function isFit(algorithm: KeyAlgorithm, { asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): boolean {
  const { namedCurve, modulusLength = 0, publicExponent = 0n } = asymmetricKeyDetails;
  return algorithm === 'ES256'
    ? asymmetricKeyType === 'ec' && namedCurve === 'prime256v1'
    : asymmetricKeyType === 'rsa' && modulusLength >= LEAST_RSA_BITS && publicExponent >= LEAST_RSA_EXPONENT;
}

/** The name of a key: the thumbprint of its JWK (RFC 7638), whose members stand in the order of their names. */
export function thumbprint(publicKey: KeyObject): string {
  const { kty, crv, x, y, n, e } = publicJwk(publicKey);
  const members = kty === 'EC' ? { crv, kty, x, y } : { e, kty, n };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}
