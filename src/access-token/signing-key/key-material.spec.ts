import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { SigningKey } from '../../database/entities/signing-key.entity.js';
import { makeKey, publicJwk, signatureSize, thumbprint, UnusableKeyError, verificationKey } from './key-material.js';

/** The example of RFC 7638 section 3.1. */
const RFC_7638 = {
  kty: 'RSA',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
};

const row = (algorithm: string, jwk: object): SigningKey =>
  ({ kid: 'one', algorithm, publicJwk: jwk }) as unknown as SigningKey;
const jwkOf = ({ publicKey }: { publicKey: KeyObject }): object => publicKey.export({ format: 'jwk' });
const rsa = (modulusLength: number, publicExponent?: number) =>
  jwkOf(generateKeyPairSync('rsa', { modulusLength, publicExponent }));
const ec = (namedCurve: string) => jwkOf(generateKeyPairSync('ec', { namedCurve }));

describe('a signing key', () => {
  it('is named by the thumbprint of its JWK', () => {
    const { publicKey } = verificationKey(row('RS256', RFC_7638));
    expect(thumbprint(publicKey)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  });

  it.each([
    { algorithm: 'ES256', members: ['crv', 'kty', 'x', 'y'], bytes: 64 },
    { algorithm: 'RS256', members: ['e', 'kty', 'n'], bytes: 384 },
  ] as const)('for $algorithm has a JWK with its public members alone', async ({ algorithm, members, bytes }) => {
    const key = await makeKey(algorithm);
    const jwk = publicJwk(key.publicKey);
    expect(Object.keys(jwk).toSorted()).toEqual(members);
    expect(Object.keys(publicJwk(key.privateKey)).toSorted()).toEqual(members);
    expect(verificationKey({ ...row(algorithm, jwk), kid: key.kid })).toMatchObject({ kid: key.kid, algorithm });
    expect(signatureSize(key)).toBe(bytes);
  });

  it.each([
    { name: 'RSA of 1024 bits', algorithm: 'RS256', jwk: rsa(1024) },
    { name: 'RSA with the exponent 3', algorithm: 'RS256', jwk: rsa(2048, 3) },
    { name: 'the curve P-384', algorithm: 'ES256', jwk: ec('P-384') },
    { name: 'the curve secp256k1', algorithm: 'ES256', jwk: ec('secp256k1') },
    { name: 'an elliptic curve for RSA', algorithm: 'RS256', jwk: ec('P-256') },
    { name: 'RSA for an elliptic curve', algorithm: 'ES256', jwk: RFC_7638 },
    { name: 'a shared secret', algorithm: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } },
    { name: 'a public key under a shared secret’s algorithm', algorithm: 'HS256', jwk: RFC_7638 },
    { name: 'no algorithm', algorithm: 'none', jwk: ec('P-256') },
    { name: 'nothing', algorithm: 'ES256', jwk: {} },
    { name: 'a point off the curve', algorithm: 'ES256', jwk: { ...ec('P-256'), x: 'AAAA' } },
  ])('is not $name (GHSA-gmvf-9v4p-v8jc, CVE-2022-23541)', ({ algorithm, jwk }) => {
    expect(() => verificationKey(row(algorithm, jwk))).toThrow(UnusableKeyError);
  });

  it('of 2048 bits and the usual exponent is one', () => {
    expect(verificationKey(row('RS256', rsa(2048))).algorithm).toBe('RS256');
  });
});
