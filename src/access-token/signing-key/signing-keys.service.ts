import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { ServiceUnavailableError } from '../../common/errors/app-error.js';
import { InjectBackgroundDataSource } from '../../database/background-data-source.js';
import { SigningKey } from '../../database/entities/signing-key.entity.js';
import { RevocationReader } from '../../revocation/revocation-reader.service.js';
import { KeyAcceptance } from './key-acceptance.js';
import { isActive, isVerifying } from './key-authenticity.js';
import { type ActiveKey, type VerificationKey, verificationKey } from './key-material.js';
import { KeyOpener } from './key-opener.service.js';
import { KeyPreparation } from './key-preparation.service.js';

export type { ActiveKey, VerificationKey } from './key-material.js';

/** An unknown `kid` is looked for in the database no more often than this, in milliseconds. */
const LOOK_AGAIN_MS = 1000;

/** Keys are handed to other verifiers on a reading no older than this, in milliseconds. */
const PUBLISHED_MAX_AGE_MS = 10_000;

/** The keys that sign and verify access tokens, prepared once. The truth about their state is in the database. */
@Injectable()
export class SigningKeys implements OnApplicationBootstrap {
  private readonly log = new Logger(SigningKeys.name);
  private rows: SigningKey[] = [];
  private keys = new Map<string, VerificationKey>();
  private current: ActiveKey | null = null;
  /** When an unknown key was last looked for. */
  private lookedAt = Number.NEGATIVE_INFINITY;
  /** When the last completed reading was sent. */
  private asOf = Number.NEGATIVE_INFINITY;
  private loading: Promise<void> | null = null;
  private following: Promise<void> | null = null;
  private readonly acceptance: KeyAcceptance;

  constructor(
    @InjectBackgroundDataSource() private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly opener: KeyOpener,
    private readonly preparation: KeyPreparation,
    reader: RevocationReader,
  ) {
    this.acceptance = new KeyAcceptance(opener, this.log);
    reader.onEntries((entries) => {
      if (entries.some(({ scope }) => scope === 'key')) this.loadSoon();
    });
    reader.onReset(() => this.loadSoon());
  }

  /** Makes the first key of an instance, and gives MACs to keys of an earlier version. */
  async onApplicationBootstrap(): Promise<void> {
    await this.preparation.prepare();
    await this.load();
  }

  /** The key that signs now. Without one that opens here nothing is signed; verification needs the public half alone. */
  active(): ActiveKey {
    if (!this.current) throw new ServiceUnavailableError('There is no signing key that this service can open');
    return this.current;
  }

  /** Whether this replica can sign. */
  get canSign(): boolean {
    return this.current !== null;
  }

  /** How many stored keys this replica does not verify by although their state would let them. */
  get rejectedCount(): number {
    return this.rows.filter(isVerifying).length - this.keys.size;
  }

  /** Whether this replica knows keys to verify by. */
  get canVerify(): boolean {
    return this.keys.size > 0;
  }

  /** The key of that name, or null; there is no default. An unknown name costs at most one read a second. */
  find(kid: string): VerificationKey | Promise<VerificationKey | null> {
    return this.keys.get(kid) ?? this.lookAgain().then(() => this.keys.get(kid) ?? this.absent(kid));
  }

  /**
   * Throws 503 where this replica has the wrong `KEY_ENCRYPTION_KEYS`: it must not call a token invalid, nor publish an
   * incomplete key set, only because it cannot check a key.
   */
  private absent(kid: string): null {
    if (this.canSign || !this.acceptance.uncheckable.has(kid)) return null;
    throw new ServiceUnavailableError(
      'This service lacks the key-encryption key to check the signing key of the token',
    );
  }

  /** Whether the key is among those that verify, as they were last read. */
  verifies(kid: string): boolean {
    return this.keys.has(kid);
  }

  /** The keys that verifiers need: what signed tokens that may live, and what is going to sign. */
  async published(): Promise<VerificationKey[]> {
    if (this.clock.monotonic() - this.asOf > PUBLISHED_MAX_AGE_MS) await this.load();
    for (const kid of this.acceptance.uncheckable) this.absent(kid);
    return [...this.keys.values()];
  }

  /** All keys as they were last read. */
  known(): readonly SigningKey[] {
    return this.rows;
  }

  /** Reads all keys from the database as they are now; callers at the same time share one reading. */
  load(): Promise<void> {
    if (!this.loading) return (this.loading = this.read().finally(() => (this.loading = null)));
    // One that is under way may have been sent before what its caller wants to see.
    this.following ??= this.loading
      .catch(() => undefined)
      .then(() => {
        this.following = null;
        return this.load();
      });
    return this.following;
  }

  /** The key with its private half, or null, with a word in the log, when it doesn't open here. */
  open(row: SigningKey): ActiveKey | null {
    return this.acceptance.attempt(row, () => this.opener.open(row, this.keys.get(row.kid) ?? verificationKey(row)));
  }

  /** What the log says of a key holds by itself; the reading only saves signing with, or offering, a key that is gone. */
  private loadSoon(): void {
    this.load().catch((error: unknown) => this.log.warn(`The signing keys could not be read: ${String(error)}`));
  }

  private async lookAgain(): Promise<void> {
    const now = this.clock.monotonic();
    if (now - this.lookedAt > LOOK_AGAIN_MS) {
      this.lookedAt = now;
      await this.load().catch((error: unknown) => {
        // A reading that failed says of no name that it is unknown.
        this.lookedAt = Number.NEGATIVE_INFINITY;
        throw error;
      });
    } else if (this.loading) await this.loading;
  }

  private async read(): Promise<void> {
    const askedAt = this.clock.monotonic();
    this.rows = await this.dataSource.manager.find(SigningKey, { order: { createdAt: 'ASC', kid: 'ASC' } });
    const accepted = this.acceptance.accepted(this.rows, await this.revokedKids(), this.keys);
    const prepared = accepted.map(
      (row) => this.keys.get(row.kid) ?? this.acceptance.attempt(row, () => verificationKey(row)),
    );
    this.keys = new Map(prepared.filter((key) => key !== null).map((key) => [key.kid, key]));
    const active = accepted.find(isActive);
    if (active?.kid !== this.current?.kid) this.current = active ? this.open(active) : null;
    this.asOf = askedAt;
  }

  /** The epoch of a revoked key is never deleted, so it contradicts a row that was put back. */
  private async revokedKids(): Promise<Set<string>> {
    const epochs: { key: string }[] = await this.dataSource.query(`SELECT key FROM epoch WHERE scope = 'key'`);
    return new Set(epochs.map(({ key }) => key));
  }
}
