import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { type AuditActor, AuditEvents } from '../../audit-event/audit-events.service.js';
import type { AuditEventName } from '../../audit-event/audit-event-names.js';
import { Clock } from '../../common/clock.js';
import { isLockTimeout } from '../../common/errors/postgres-errors.js';
import type { RequestContext } from '../../common/http/request-context.js';
import { KEY_UPKEEP_LOCK } from '../../database/advisory-locks.js';
import { InjectBackgroundDataSource } from '../../database/background-data-source.js';
import { SigningKey } from '../../database/entities/signing-key.entity.js';
import { inTransaction } from '../../database/transaction.js';
import { RevocationLog } from '../../revocation/revocation-log.service.js';
import { latestEndOf } from './key-end.js';
import { sealingReference } from './key-authenticity.js';
import { type ActiveKey, publicJwk, verificationKey } from './key-material.js';
import { KeySealer, UnsealError } from './key-sealer.js';

/** What those who sign hold, in the order in which they take it. */
const KEYS = 'signing_key';
const INSTANCE_AND_KEYS = 'instance, signing_key';

/** Together longer than any transaction may hold a key. */
const ATTEMPTS = 10;

/** A key that verifies nothing any more keeps nothing that it could verify by again. */
const ENDED = { sealedPrivateKey: null, mac: null };

/** A transaction in which nobody else signs or changes a key. */
export interface KeyChange {
  tx: EntityManager;
  actor: AuditActor;
  now: Date;
}

type Work<T> = (change: KeyChange) => Promise<T>;

/**
 * The states of signing keys: next → active → retiring → retired, or revoked. Each step is written with its audit
 * row and its entry in the revocation log, by which replicas learn of it.
 */
@Injectable()
export class KeyLifecycle {
  constructor(
    @InjectBackgroundDataSource() private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly sealer: KeySealer,
    private readonly revocations: RevocationLog,
    private readonly auditEvents: AuditEvents,
  ) {}

  /**
   * Runs a change of keys. All who sign hold the row of their key, and with it the table in a weaker mode: the lock
   * waits for those that are under way, and those that come later wait for it. A lock on the row alone could wait for
   * ever, since those who share a row go past whoever waits to change it. Reading goes on. While it waits, so do those
   * who come later: it lets them through after each second, and tries again.
   */
  async change<T>(request: RequestContext, work: Work<T>, tables = KEYS): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await inTransaction(this.dataSource, (tx) => this.locked(tx, request, work, tables));
      } catch (error) {
        if (attempt === ATTEMPTS || !isLockTimeout(error)) throw error;
      }
    }
  }

  /** Runs a change of keys and of the whole instance, whose row everybody holds who changes anything. */
  async changeInstance<T>(request: RequestContext, work: Work<T>): Promise<T> {
    return this.change(request, work, INSTANCE_AND_KEYS);
  }

  /** A change of keys, unless another replica is at it: then nothing is done, and null is given. */
  async changeUnlessBusy<T>(request: RequestContext, work: Work<T>): Promise<T | null> {
    return inTransaction(this.dataSource, async (tx) => {
      const [row]: { isMine: boolean }[] = await tx.query('SELECT pg_try_advisory_xact_lock($1) AS "isMine"', [
        KEY_UPKEEP_LOCK,
      ]);
      return row?.isMine ? this.locked(tx, request, work) : null;
    });
  }

  /**
   * Returns what new keys are to be sealed like. Throws `WrongEncryptionKeysError` when the stored keys do not open here:
   * then the replicas may not open a key that is made here.
   */
  async sealingReference({ tx }: KeyChange): Promise<Buffer | undefined> {
    return sealingReference(await tx.find(SigningKey), this.sealer);
  }

  /**
   * Stores a new key, its private half sealed, and tells followers and the audit log of it. `like` is the reference of
   * `sealingReference`; without it, the first of `KEY_ENCRYPTION_KEYS` seals.
   */
  async add(
    { tx, actor, now }: KeyChange,
    key: ActiveKey,
    state: 'next' | 'active',
    like: Buffer | undefined,
  ): Promise<SigningKey> {
    const { kid, algorithm } = key;
    const content = { kid, algorithm, publicJwk: publicJwk(key.publicKey) };
    const row: SigningKey = {
      ...content,
      sealedPrivateKey: this.sealer.seal(key.privateKey, key, like),
      mac: this.sealer.mac(content, like),
      isAdoptable: false,
      state,
      createdAt: now,
      stateSince: now,
      verifiesUntil: null,
    };
    await tx.insert(SigningKey, row);
    await this.tell({ tx, actor, now }, 'create-signing-key', row);
    return row;
  }

  /**
   * Lets a key sign in place of the active one, which loses its private half and verifies on. Only the new key's
   * change is told: what the former key signed is as good as before, and nobody has to ask for it again.
   */
  async promote({ tx, actor, now }: KeyChange, next: SigningKey, former: SigningKey | undefined): Promise<void> {
    if (former) {
      const verifiesUntil = await latestEndOf(tx, former.kid, now);
      const retiring = { state: 'retiring', stateSince: now, sealedPrivateKey: null, verifiesUntil };
      await tx.update(SigningKey, { kid: former.kid }, retiring);
    }
    await tx.update(SigningKey, { kid: next.kid }, { state: 'active', stateSince: now });
    await this.tell({ tx, actor, now }, 'activate-signing-key', next);
  }

  /** Ends a key of which nothing can be good any more. */
  async retire({ tx, actor, now }: KeyChange, key: SigningKey): Promise<void> {
    await tx.update(SigningKey, { kid: key.kid }, { ...ENDED, state: 'retired', stateSince: now });
    await this.tell({ tx, actor, now }, 'retire-signing-key', key);
  }

  /** Ends a key and all that it signed. Nobody signs meanwhile, so that nothing slips in behind the entry. */
  async revoke({ tx, actor, now }: KeyChange, { kid, algorithm }: SigningKey): Promise<void> {
    await tx.update(SigningKey, { kid }, { ...ENDED, state: 'revoked', stateSince: now });
    await this.revocations.revokeScope(tx, { scope: 'key', key: kid, organizationId: null, now });
    await this.auditEvents.record(tx, actor, 'revoke-signing-key', { details: { kid, algorithm } });
  }

  /**
   * Seals every private key and binds every public one anew, under the first key of `KEY_ENCRYPTION_KEYS`. Throws when it
   * lacks the key for one of them. Rows that are not authentic stay as they are: they verify nothing.
   */
  async reseal({ tx, actor }: KeyChange, keys: readonly SigningKey[]): Promise<number> {
    const sealed = keys.filter(({ sealedPrivateKey }) => sealedPrivateKey !== null);
    for (const key of sealed) {
      const { publicKey } = verificationKey(key);
      const privateKey = this.sealer.unseal(key.sealedPrivateKey as Buffer, key, publicKey);
      const sealedPrivateKey = this.sealer.seal(privateKey, key);
      await tx.update(SigningKey, { kid: key.kid }, { sealedPrivateKey, mac: this.sealer.mac(key) });
    }
    for (const key of keys.filter(({ sealedPrivateKey, mac }) => sealedPrivateKey === null && mac !== null)) {
      const check = this.sealer.checkMac(key);
      if (check === 'unknown-encryption-key')
        throw new UnsealError(`KEY_ENCRYPTION_KEYS lacks the key that the signing key ${key.kid} is bound to`);
      if (check === 'valid') await tx.update(SigningKey, { kid: key.kid }, { mac: this.sealer.mac(key) });
    }
    await this.auditEvents.record(tx, actor, 'reseal-signing-keys', { details: { count: sealed.length } });
    return sealed.length;
  }

  /** Gives an authentic key its MAC, under the same key-encryption key as `like`. */
  async bind({ tx }: KeyChange, key: SigningKey, like: Buffer | null): Promise<void> {
    const mac = this.sealer.mac(key, like ?? undefined);
    await tx.update(SigningKey, { kid: key.kid }, { mac, isAdoptable: false });
  }

  /** Gives a MAC to a key from before there were MACs, which nothing proves, and tells the audit log of it. */
  async adopt(change: KeyChange, key: SigningKey, like: Buffer | null): Promise<void> {
    const { kid, algorithm } = key;
    await this.bind(change, key, like);
    await this.auditEvents.record(change.tx, change.actor, 'adopt-signing-key', { details: { kid, algorithm } });
  }

  private async locked<T>(tx: EntityManager, request: RequestContext, work: Work<T>, tables = KEYS): Promise<T> {
    const askedAt = this.clock.monotonic();
    const [row]: { time: Date }[] = await tx.query('SELECT clock_timestamp() AS time');
    if (row) this.clock.observe(row.time, askedAt);
    await tx.query(`LOCK TABLE ${tables} IN EXCLUSIVE MODE`);
    const now = this.clock.now();
    const actor = { identityId: null, tokenId: null, organizationId: null, request: { ...request, now } };
    return work({ tx, actor, now });
  }

  private async tell(
    { tx, actor, now }: KeyChange,
    event: AuditEventName,
    { kid, algorithm }: SigningKey,
  ): Promise<void> {
    await this.revocations.noteChange(tx, { scope: 'key', key: kid, organizationId: null, now });
    await this.auditEvents.record(tx, actor, event, { details: { kid, algorithm } });
  }
}
