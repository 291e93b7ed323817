import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { InjectBackgroundDataSource } from '../../database/background-data-source.js';
import { SigningKey } from '../../database/entities/signing-key.entity.js';
import { serviceContext } from '../service-context.js';
import { authenticityOf, isActive, isVerifying, opens, WrongEncryptionKeysError } from './key-authenticity.js';
import { type KeyChange, KeyLifecycle } from './key-lifecycle.service.js';
import { type ActiveKey, makeKey } from './key-material.js';
import { KeySealer } from './key-sealer.js';

/** Gives MACs to stored keys that lack one, and makes the first key of an instance. */
@Injectable()
export class KeyPreparation {
  private readonly log = new Logger(KeyPreparation.name);

  constructor(
    @InjectBackgroundDataSource() private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly lifecycle: KeyLifecycle,
    private readonly sealer: KeySealer,
  ) {}

  /** Prepares the stored keys at start. Of several replicas that start at once, one does it. */
  async prepare(): Promise<void> {
    const rows = await this.dataSource.manager.find(SigningKey);
    const hasActive = rows.some(isActive);
    if (hasActive && this.unbound(rows).length === 0 && this.adoptable(rows).length === 0) return;
    const first = hasActive ? null : await makeKey('ES256');
    await this.lifecycle.change(serviceContext(this.clock.now()), async (change) => {
      await this.adopt(change);
      await this.bind(change);
      if (first) await this.addFirst(change, first);
    });
  }

  /** Gives a MAC to every key that proves by its private half that it is authentic. */
  async bind(change: KeyChange): Promise<void> {
    const rows = await change.tx.find(SigningKey);
    for (const row of this.unbound(rows)) await this.lifecycle.bind(change, row, row.sealedPrivateKey);
  }

  /** Keys that are authentic, and have no MAC that can be checked. */
  unbound(rows: readonly SigningKey[]): SigningKey[] {
    return rows.filter((row) => isVerifying(row) && authenticityOf(row, this.sealer) === 'sealed');
  }

  /**
   * Keys from before there were MACs that have no private half any more, so that nothing proves them. The migration has
   * marked them. They are taken as they are once, by the first start that can open the active key: as soon as any key has
   * a MAC, none is taken any more.
   */
  private adoptable(rows: readonly SigningKey[]): SigningKey[] {
    const verifying = rows.filter(isVerifying);
    const active = verifying.find(isActive);
    const isFirst = verifying.every(({ mac }) => mac === null);
    if (!isFirst || !active || !opens(active, this.sealer)) return [];
    return verifying.filter(({ isAdoptable, sealedPrivateKey }) => isAdoptable && sealedPrivateKey === null);
  }

  private async adopt(change: KeyChange): Promise<void> {
    const rows = await change.tx.find(SigningKey);
    const active = rows.find(isActive);
    for (const row of this.adoptable(rows)) {
      await this.lifecycle.adopt(change, row, active?.sealedPrivateKey ?? null);
      this.log.warn(`Adopted the signing key ${row.kid}, which is from before keys were bound to KEY_ENCRYPTION_KEYS`);
    }
  }

  private async addFirst(change: KeyChange, first: ActiveKey): Promise<void> {
    try {
      if (!(await change.tx.existsBy(SigningKey, { state: 'active' })))
        await this.lifecycle.add(change, first, 'active', await this.lifecycle.sealingReference(change));
    } catch (error) {
      if (!(error instanceof WrongEncryptionKeysError)) throw error;
      this.log.error(error.message);
    }
  }
}
