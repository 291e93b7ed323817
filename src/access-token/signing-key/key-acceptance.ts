import type { Logger } from '@nestjs/common';
import type { SigningKey } from '../../database/entities/signing-key.entity.js';
import { isVerifying } from './key-authenticity.js';
import { jwkMembers, publicJwk, type VerificationKey } from './key-material.js';
import type { KeyOpener } from './key-opener.service.js';

/** Decides which stored keys a replica verifies by. Reports each problem of a key once. */
export class KeyAcceptance {
  /** Keys whose MAC this replica cannot check, because `KEY_ENCRYPTION_KEYS` lacks the key for it. */
  readonly uncheckable = new Set<string>();
  private readonly ended = new Set<string>();
  private readonly reported = new Set<string>();

  constructor(
    private readonly opener: KeyOpener,
    private readonly log: Logger,
  ) {}

  /**
   * Returns the rows that this replica verifies by. `revoked` are the kids that the epochs name: a key that was revoked
   * never verifies again, whatever its row says, nor does one that this replica has seen retired.
   */
  accepted(
    rows: readonly SigningKey[],
    revoked: ReadonlySet<string>,
    cached: ReadonlyMap<string, VerificationKey>,
  ): SigningKey[] {
    this.uncheckable.clear();
    for (const row of rows) if (!isVerifying(row)) this.ended.add(row.kid);
    return rows.filter((row) => isVerifying(row) && this.accepts(row, revoked, cached.get(row.kid)));
  }

  /** Runs an attempt at one key: a bad row must not take the other keys with it. */
  attempt<T>({ kid }: SigningKey, work: () => T): T | null {
    try {
      return work();
    } catch (error) {
      this.report(kid, (error as Error).message);
      return null;
    }
  }

  private accepts(row: SigningKey, revoked: ReadonlySet<string>, cached?: VerificationKey): boolean {
    const { kid } = row;
    if (this.ended.has(kid) || revoked.has(kid))
      return this.report(kid, `The signing key ${kid} was retired or revoked before, and its row says otherwise`);
    const authenticity = this.opener.authenticityOf(row);
    if (authenticity === 'bound' || authenticity === 'sealed') return true;
    if (authenticity === 'unauthentic')
      return this.report(
        kid,
        `The signing key ${kid} has no valid MAC: it was not made by this service, or was changed`,
      );
    // It was authentic when this process loaded it, so only the MAC is new, and the key for that is yet to come.
    if (cached && isSameKey(row, cached)) return true;
    this.uncheckable.add(kid);
    return this.report(kid, `KEY_ENCRYPTION_KEYS lacks the key that the signing key ${kid} is bound to`);
  }

  private report(kid: string, problem: string): false {
    if (!this.reported.has(`${kid} ${problem}`)) this.log.error(`${problem}. Tokens that it signed are rejected`);
    this.reported.add(`${kid} ${problem}`);
    return false;
  }
}

const isSameKey = ({ algorithm, publicJwk: stored }: SigningKey, cached: VerificationKey): boolean =>
  algorithm === cached.algorithm && JSON.stringify(jwkMembers(stored)) === JSON.stringify(publicJwk(cached.publicKey));
