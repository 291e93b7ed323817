import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { UnderWay } from '../common/under-way.js';
import { AppConfig } from '../config/app-config.js';
import { type AccessTokenClaims, isAccessTokenClaims } from './access-token-claims.js';
import { AccessTokenMetrics } from './access-token-metrics.js';
import { AccessTokenRefusedError } from './access-token-errors.js';
import { type CompactJws, isSignedBy, payloadOf, readCompact } from './compact-jws.js';
import { hasLowS } from './low-s.js';
import { ProvenToken } from './proven-token.js';
import { ProvenTokens } from './proven-tokens.js';
import { signatureSize } from './signing-key/key-material.js';
import { SigningKeys, type VerificationKey } from './signing-key/signing-keys.service.js';

/** The first step of every verification: did we sign this very text for this audience? Needs no database. */
@Injectable()
export class TokenProof {
  /** By the SHA-256 of their whole texts. */
  private readonly proven: ProvenTokens;
  private readonly proving = new UnderWay<ProvenToken>();

  constructor(
    private readonly keys: SigningKeys,
    private readonly config: AppConfig,
    private readonly metrics: AccessTokenMetrics,
  ) {
    this.proven = new ProvenTokens(config.VERDICT_CACHE_SIZE);
  }

  /** Issuers whose tokens are accepted: our own name, and those that we had before. */
  get issuers(): [string, ...string[]] {
    return [this.config.issuer, ...this.config.ISSUER_ALIASES];
  }

  /** The key that a token names. Fails unless the token's algorithm is that key's own: it is never the token's choice. */
  async keyOf(text: string): Promise<VerificationKey> {
    const jws = takenApart(text);
    return checkedKey(jws, await this.keys.find(jws.kid));
  }

  /** What this very text was proven to be before, while its key still verifies. */
  recall(text: string): ProvenToken | null {
    return this.recallBy(digestOf(text));
  }

  private recallBy(digest: string): ProvenToken | null {
    return this.recheck(this.proven.find(digest));
  }

  /** What a text was proven to be before, if its key still verifies; for callers that keep it by themselves. */
  recheck(token: ProvenToken | null): ProvenToken | null {
    const good = token && this.keys.verifies(token.kid) ? token : null;
    good?.want();
    return this.metrics.proofs.note(good);
  }

  /** Keeps what a text was proven to be: one thing for all who have it proven at the same time. */
  remember(text: string, kid: string, payload: unknown): ProvenToken {
    const digest = digestOf(text);
    const known = this.proven.find(digest);
    return known?.kid === kid ? known : this.proven.keep(digest, new ProvenToken(kid, claimsOf(payload)));
  }

  /**
   * Proves a token that came elsewhere than in the Authorization header; gives no promise where that was done before.
   * Those who do at the same time share it.
   */
  prove(text: string): ProvenToken | Promise<ProvenToken> {
    const digest = digestOf(text);
    return this.recallBy(digest) ?? this.proving.share(digest, () => this.proveAnew(text, digest));
  }

  private async proveAnew(text: string, digest: string): Promise<ProvenToken> {
    const jws = takenApart(text);
    const found = this.keys.find(jws.kid);
    const key = checkedKey(jws, found instanceof Promise ? await found : found);
    if (!(await isSignedBy(jws, key))) throw new AccessTokenRefusedError('bad-signature');
    const claims = claimsOf(payloadOf(jws));
    if (!this.isForUs(claims)) throw new AccessTokenRefusedError('bad-signature');
    return this.proven.keep(digest, new ProvenToken(key.kid, claims));
  }

  private isForUs({ iss, aud }: AccessTokenClaims): boolean {
    return this.issuers.includes(iss) && aud === this.config.audience;
  }
}

/** One-shot, and of the whole text: no two texts share what was found of one of them. A character for each byte. */
const digestOf = (text: string): string => hash('sha256', text, 'binary');

function takenApart(text: string): CompactJws {
  const jws = readCompact(text);
  if (!jws) throw new AccessTokenRefusedError('malformed');
  return jws;
}

/** The key that a token named, unless the token says or holds something that the key can't have made. */
function checkedKey({ alg, signature, allowsHighS }: CompactJws, key: VerificationKey | null): VerificationKey {
  if (!key) throw new AccessTokenRefusedError('unknown-key');
  if (alg !== key.algorithm) throw new AccessTokenRefusedError('wrong-algorithm');
  // jsonwebtoken takes an ECDSA signature of another size for a fault of ours.
  if (signature.length !== signatureSize(key)) throw new AccessTokenRefusedError('malformed');
  if (alg === 'ES256' && !allowsHighS && !hasLowS(signature)) throw new AccessTokenRefusedError('bad-signature');
  return key;
}

/** The claims of a payload whose signature is good. */
function claimsOf(payload: unknown): AccessTokenClaims {
  if (!isAccessTokenClaims(payload)) throw new AccessTokenRefusedError('bad-claims');
  return payload;
}
