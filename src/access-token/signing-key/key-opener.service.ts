import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { SigningKey } from '../../database/entities/signing-key.entity.js';
import { signCompact } from '../compact-jws.js';
import { type Authenticity, authenticityOf } from './key-authenticity.js';
import { type ActiveKey, UnusableKeyError, type VerificationKey } from './key-material.js';
import { KeySealer } from './key-sealer.js';

/** Opens the private halves of signing keys. */
@Injectable()
export class KeyOpener {
  constructor(
    private readonly sealer: KeySealer,
    private readonly jwt: JwtService,
  ) {}

  /** The key with its private half. Fails when that doesn't open here, or signs what others would not take. */
  open({ kid, algorithm, sealedPrivateKey }: SigningKey, key: VerificationKey): ActiveKey {
    if (!sealedPrivateKey) throw new UnusableKeyError(`The signing key ${kid} has no private half`);
    const opened = { ...key, privateKey: this.sealer.unseal(sealedPrivateKey, { kid, algorithm }, key.publicKey) };
    this.tryOut(opened);
    return opened;
  }

  authenticityOf(row: SigningKey): Authenticity {
    return authenticityOf(row, this.sealer);
  }

  /** Signs as tokens are signed, and has it verified by another implementation than our own. */
  private tryOut(key: ActiveKey): void {
    try {
      this.jwt.verify(signCompact({ kid: key.kid }, key), {
        // A KeyObject is taken as well.
        publicKey: key.publicKey as unknown as Buffer,
        algorithms: [key.algorithm],
      });
    } catch (cause) {
      throw new UnusableKeyError(`What the signing key ${key.kid} signs does not verify`, { cause });
    }
  }
}
