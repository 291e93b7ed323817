import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { ServiceUnavailableError } from '../../common/errors/app-error.js';
import { InjectBackgroundDataSource } from '../../database/background-data-source.js';
import { SigningKey } from '../../database/entities/signing-key.entity.js';
import { RevocationReader } from '../../revocation/revocation-reader.service.js';
import { KeyLifecycle } from './key-lifecycle.service.js';
import { type ActiveKey, makeKey, type VerificationKey, verificationKey } from './key-material.js';
import { KeyOpener } from './key-opener.service.js';
import { serviceContext } from '../service-context.js';

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
  /** Keys that were complained of: once is enough. */
  private readonly complaints = new Set<string>();

  constructor(
    @InjectBackgroundDataSource() private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly opener: KeyOpener,
    private readonly lifecycle: KeyLifecycle,
    reader: RevocationReader,
  ) {
    reader.onEntries((entries) => {
      if (entries.some(({ scope }) => scope === 'key')) this.loadSoon();
    });
    reader.onReset(() => this.loadSoon());
  }

  /** Makes the first key of an instance; several replicas that start at once make one. */
  async onApplicationBootstrap(): Promise<void> {
    await this.load();
    if (this.rows.some(isActive)) return;
    const key = await makeKey('ES256');
    await this.lifecycle.change(serviceContext(this.clock.now()), async (change) => {
      if (!(await change.tx.existsBy(SigningKey, { state: 'active' }))) await this.lifecycle.add(change, key, 'active');
    });
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

  /** Whether this replica knows keys to verify by. */
  get canVerify(): boolean {
    return this.keys.size > 0;
  }

  /** The key of that name, or null; there is no default. An unknown name costs at most one read a second. */
  find(kid: string): VerificationKey | Promise<VerificationKey | null> {
    return this.keys.get(kid) ?? this.lookAgain().then(() => this.keys.get(kid) ?? null);
  }

  /** Whether the key is among those that verify, as they were last read. */
  verifies(kid: string): boolean {
    return this.keys.has(kid);
  }

  /** The keys that verifiers need: what signed tokens that may live, and what is going to sign. */
  async published(): Promise<VerificationKey[]> {
    if (this.clock.monotonic() - this.asOf > PUBLISHED_MAX_AGE_MS) await this.load();
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
    return this.orComplaint(row, () => this.opener.open(row, this.keys.get(row.kid) ?? verificationKey(row)));
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
    const usable = this.rows.filter(({ state }) => state !== 'revoked' && state !== 'retired');
    const prepared = usable.map((row) => this.keys.get(row.kid) ?? this.orComplaint(row, () => verificationKey(row)));
    this.keys = new Map(prepared.filter((key) => key !== null).map((key) => [key.kid, key]));
    const active = usable.find(isActive);
    if (active?.kid !== this.current?.kid) this.current = active ? this.open(active) : null;
    this.asOf = askedAt;
  }

  /** One bad row must not take the other keys with it. */
  private orComplaint<T>({ kid }: SigningKey, attempt: () => T): T | null {
    try {
      return attempt();
    } catch (error) {
      if (!this.complaints.has(kid)) this.log.error((error as Error).message);
      this.complaints.add(kid);
      return null;
    }
  }
}

const isActive = ({ state }: SigningKey): boolean => state === 'active';
