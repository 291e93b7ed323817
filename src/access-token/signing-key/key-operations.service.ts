import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { BadRequestError, NotFoundError } from '../../common/errors/app-error.js';
import type { RequestContext } from '../../common/http/request-context.js';
import { AppConfig } from '../../config/app-config.js';
import { SigningKey } from '../../database/entities/signing-key.entity.js';
import { type KeyChange, KeyLifecycle } from './key-lifecycle.service.js';
import { type ActiveKey, type KeyAlgorithm, makeKey } from './key-material.js';
import { ripeAt, scheduleOf } from './key-schedule.js';
import { SigningKeys } from './signing-keys.service.js';

interface RotationOptions {
  /** Absent: that of the active key. */
  algorithm?: KeyAlgorithm;
  /** Promotes the next key though verifiers may not know it yet. */
  isNow: boolean;
}

/** What a rotation came to. */
export interface Rotation {
  next: SigningKey;
  isPromoted: boolean;
  /** When verifiers all know the key, and it may sign. */
  ripeAt: Date;
  /** Whether it signs before that. */
  isEarly: boolean;
}

/** What an operator does with the signing keys. Whoever can run it has the database and the keys that open them. */
@Injectable()
export class KeyOperations {
  constructor(
    private readonly dataSource: DataSource,
    private readonly keys: SigningKeys,
    private readonly lifecycle: KeyLifecycle,
    private readonly config: AppConfig,
  ) {}

  /** All keys, oldest first. */
  list(): Promise<SigningKey[]> {
    return this.dataSource.manager.find(SigningKey, { order: { createdAt: 'ASC', kid: 'ASC' } });
  }

  /** Makes the next key, if there is none, and promotes it if it has been published long enough. */
  async rotate({ algorithm, isNow }: RotationOptions, request: RequestContext): Promise<Rotation> {
    const made = await this.makeUnlessNext(algorithm);
    const rotation = await this.lifecycle.change(request, async (change): Promise<Rotation> => {
      const like = await this.lifecycle.sealingReference(change);
      const next = await this.nextOf(change, made, like);
      if (algorithm && next.algorithm !== algorithm) {
        throw new BadRequestError(`The next key ${next.kid} is for ${next.algorithm}; retire it first`);
      }
      const ripe = new Date(ripeAt(next, scheduleOf(this.config)));
      const isEarly = ripe > change.now;
      const isPromoted = isNow || !isEarly;
      if (isPromoted) await this.promote(change, next);
      return { next, isPromoted, ripeAt: ripe, isEarly };
    });
    await this.keys.load();
    return rotation;
  }

  /** Ends a key early, which nothing rests on: it never signed, or all that it signed has expired. */
  async retire(kid: string, request: RequestContext): Promise<SigningKey> {
    const retired = await this.lifecycle.change(request, async (change) => {
      const key = await findKey(change, kid);
      checkRetirable(key, change.now);
      await this.lifecycle.retire(change, key);
      return key;
    });
    await this.keys.load();
    return retired;
  }

  /**
   * Ends a key and all that it signed. If it was the active one, another becomes active in the same transaction: that is
   * refused when the active one does not open here, unless the key-encryption keys are lost.
   */
  async revoke(
    kid: string,
    request: RequestContext,
    { areEncryptionKeysLost = false } = {},
  ): Promise<{ revoked: SigningKey; active: SigningKey | null }> {
    const made = await this.makeUnlessNext();
    const outcome = await this.lifecycle.change(request, async (change) => {
      const revoked = await findKey(change, kid);
      if (revoked.state === 'revoked') throw new BadRequestError(`The key ${kid} has been revoked already`);
      const isActive = revoked.state === 'active';
      const like = isActive && !areEncryptionKeysLost ? await this.lifecycle.sealingReference(change) : undefined;
      await this.lifecycle.revoke(change, revoked);
      return { revoked, active: isActive ? await this.replace(change, made, like) : null };
    });
    await this.keys.load();
    return outcome;
  }

  /** Seals all private keys under the first key of `KEY_ENCRYPTION_KEYS`, and gives their number. */
  async reseal(request: RequestContext): Promise<number> {
    return this.lifecycle.change(request, async (change) =>
      this.lifecycle.reseal(change, await change.tx.find(SigningKey)),
    );
  }

  /** A new key, unless there is a next one that opens. Made beforehand, for nobody can sign during a change. */
  private async makeUnlessNext(algorithm?: KeyAlgorithm): Promise<ActiveKey | null> {
    const rows = await this.list();
    if (rows.some((row) => row.state === 'next' && this.keys.open(row))) return null;
    const active = rows.find((row) => row.state === 'active');
    return makeKey(algorithm ?? (active?.algorithm as KeyAlgorithm | undefined) ?? 'ES256');
  }

  private async nextOf(change: KeyChange, made: ActiveKey | null, like: Buffer | undefined): Promise<SigningKey> {
    const next = await change.tx.findOneBy(SigningKey, { state: 'next' });
    if (next) return next;
    if (!made) throw new BadRequestError('The next key became the active one meanwhile; nothing was done');
    return this.lifecycle.add(change, made, 'next', like);
  }

  private async promote(change: KeyChange, next: SigningKey): Promise<void> {
    if (!this.keys.open(next)) {
      throw new BadRequestError(`No key of KEY_ENCRYPTION_KEYS opens the next key ${next.kid}; it can't sign`);
    }
    const active = await change.tx.findOneBy(SigningKey, { state: 'active' });
    await this.lifecycle.promote(change, next, active ?? undefined);
  }

  /** A new active key after the old one is gone: the next one, which verifiers may know already, or one just made. */
  private async replace(change: KeyChange, made: ActiveKey | null, like: Buffer | undefined): Promise<SigningKey> {
    const next = await change.tx.findOneBy(SigningKey, { state: 'next' });
    if (made) return this.lifecycle.add(change, made, 'active', like);
    if (!next) throw new BadRequestError('The keys changed meanwhile; nothing was revoked, try again');
    await this.lifecycle.promote(change, next, undefined);
    return next;
  }
}

async function findKey({ tx }: KeyChange, kid: string): Promise<SigningKey> {
  const key = await tx.findOneBy(SigningKey, { kid });
  if (!key) throw new NotFoundError(`There is no signing key ${kid}`);
  return key;
}

function checkRetirable({ kid, state, verifiesUntil }: SigningKey, now: Date): void {
  if (state === 'active') throw new BadRequestError(`The key ${kid} signs; rotate first`);
  if (state === 'retired' || state === 'revoked') throw new BadRequestError(`The key ${kid} is ${state} already`);
  if (state === 'retiring' && (verifiesUntil === null || verifiesUntil > now)) {
    const end = verifiesUntil === null ? 'an unknown time' : verifiesUntil.toISOString();
    throw new BadRequestError(`Tokens that the key ${kid} signed are good until ${end}; revoke it to end them now`);
  }
}
