import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { AppConfig } from '../config/app-config.js';
import { type AccessTokenClaims, isAccessTokenClaims } from './access-token-claims.js';
import { AccessTokenRefusedError } from './access-token-errors.js';
import { readHeader } from './compact-jws.js';
import { signatureSize } from './key-material.js';
import { SigningKeys, type VerificationKey } from './signing-keys.service.js';

/** A token whose signature, issuer and audience are good. Whether it still holds is another question. */
export interface ProvenToken {
  kid: string;
  claims: AccessTokenClaims;
}

/** The first step of every verification: did we sign this very text for this audience? Needs no database. */
@Injectable()
export class TokenProof {
  constructor(
    private readonly keys: SigningKeys,
    private readonly jwt: JwtService,
    private readonly config: AppConfig,
  ) {}

  /** Issuers whose tokens are accepted: our own name, and those that we had before. */
  get issuers(): [string, ...string[]] {
    return [this.config.issuer, ...this.config.ISSUER_ALIASES];
  }

  /** The key that a token names. Fails unless the token's algorithm is that key's own: it is never the token's choice. */
  async keyOf(text: string): Promise<VerificationKey> {
    const header = readHeader(text);
    if (!header) throw new AccessTokenRefusedError('malformed');
    const key = await this.keys.find(header.kid);
    if (!key) throw new AccessTokenRefusedError('unknown-key');
    if (header.alg !== key.algorithm) throw new AccessTokenRefusedError('wrong-algorithm');
    // jsonwebtoken takes an ECDSA signature of another size for a fault of ours.
    if (header.signatureBytes !== signatureSize(key)) throw new AccessTokenRefusedError('malformed');
    return key;
  }

  /** Proves a token that came elsewhere than in the Authorization header. */
  async prove(text: string): Promise<ProvenToken> {
    const { kid, algorithm, publicKey } = await this.keyOf(text);
    try {
      const payload: unknown = this.jwt.verify(text, {
        // A KeyObject made once: text would be parsed anew on each call. The type does not know of it, jsonwebtoken does.
        publicKey: publicKey as unknown as Buffer,
        algorithms: [algorithm],
        issuer: this.issuers,
        audience: this.config.audience,
        ignoreExpiration: true,
      });
      return { kid, claims: this.claimsOf(payload) };
    } catch (cause) {
      throw cause instanceof AccessTokenRefusedError ? cause : new AccessTokenRefusedError('bad-signature', { cause });
    }
  }

  /** The claims of a payload whose signature is good. */
  claimsOf(payload: unknown): AccessTokenClaims {
    if (!isAccessTokenClaims(payload)) throw new AccessTokenRefusedError('bad-claims');
    return payload;
  }
}
