import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Periodic } from '../../common/periodic.js';
import { AppConfig } from '../../config/app-config.js';
import { SigningKey } from '../../database/entities/signing-key.entity.js';
import { type KeyChange, KeyLifecycle } from './key-lifecycle.service.js';
import { type ActiveKey, makeKey } from './key-material.js';
import { KeyPreparation } from './key-preparation.service.js';
import { dueSteps, scheduleOf } from './key-schedule.js';
import { serviceContext } from '../service-context.js';
import { SigningKeys } from './signing-keys.service.js';

/** Well below the time that a new key is published before it signs. */
const UPKEEP_MS = 10_000;

/** Changes the keys when their age asks for it. Of several replicas, one acts; the others read what it did. */
@Injectable()
export class KeyUpkeep implements OnModuleDestroy {
  private readonly log = new Logger(KeyUpkeep.name);
  /** What can't be done now is done at another time: it is no reason for anything else to fail. */
  private readonly periodic = new Periodic(
    UPKEEP_MS,
    async () => this.upkeep(),
    ({ name }) => this.log.warn(`the signing keys could not be looked after: ${name}`),
  );

  constructor(
    private readonly keys: SigningKeys,
    private readonly lifecycle: KeyLifecycle,
    private readonly clock: Clock,
    private readonly config: AppConfig,
    private readonly preparation: KeyPreparation,
  ) {}

  /** From now on, looks after the keys by itself. For a service that runs; commands and tests call `upkeep`. */
  start(): void {
    this.periodic.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.periodic.stop();
  }

  /** Reads the keys, and does what is due. */
  async upkeep(): Promise<void> {
    await this.keys.load();
    const now = this.clock.now();
    const { over, isNextNeeded, ripe } = this.due(this.keys.known(), now);
    const hasUnbound = this.preparation.unbound(this.keys.known()).length > 0;
    if (over.length === 0 && !isNextNeeded && !ripe && !hasUnbound) return;
    const made = isNextNeeded ? await this.makeNext() : null;
    await this.lifecycle.changeUnlessBusy(serviceContext(now), (change) => this.act(change, made));
    await this.keys.load();
  }

  /** Judges again, now that nobody else changes a key. */
  private async act(change: KeyChange, made: ActiveKey | null): Promise<void> {
    await this.preparation.bind(change);
    const rows = await change.tx.find(SigningKey);
    const { over, isNextNeeded, ripe } = this.due(rows, change.now);
    for (const key of over) await this.lifecycle.retire(change, key);
    const former = rows.find(({ state }) => state === 'active');
    // Only a replica that opens the active key makes and promotes keys that the other replicas open as well.
    if (former && !this.keys.open(former)) return;
    const like = former?.sealedPrivateKey ?? undefined;
    if (isNextNeeded && made) await this.lifecycle.add(change, made, 'next', like);
    if (ripe && this.keys.open(ripe)) await this.lifecycle.promote(change, ripe, former);
  }

  /** A key like the active one. Where that one doesn't open, a new one would be sealed so that it opens nowhere else. */
  private async makeNext(): Promise<ActiveKey | null> {
    return this.keys.canSign ? makeKey(this.keys.active().algorithm) : null;
  }

  private due(rows: readonly SigningKey[], now: Date) {
    return dueSteps(rows, now, scheduleOf(this.config));
  }
}
