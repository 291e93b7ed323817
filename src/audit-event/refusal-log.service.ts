import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { InjectBackgroundDataSource } from '../database/background-data-source.js';
import { DatabaseLimiter } from '../database/database-limiter.service.js';
import type { AuditEvent } from '../database/entities/audit-event.entity.js';
import { type AuditActor, auditRow, type AuditTarget, writeAuditRow } from './audit-events.service.js';
import type { AuditEventName } from './audit-event-names.js';

const MINUTE_MS = 60_000;
const SWEEP_MS = 5000;

/** Actors whose refusals are counted at the same time; when there are more, the oldest count is written early. */
const MAX_ACTORS = 10_000;

interface Tally {
  since: number;
  written: number;
  suppressed: number;
  actor: AuditActor;
}

/**
 * Writes what was refused for permission, boundary or address. An actor that is refused over and over fills no table:
 * after so many rows in a minute, one row tells how many more there were.
 */
@Injectable()
export class RefusalLog implements OnModuleInit, OnApplicationShutdown {
  private readonly log = new Logger(RefusalLog.name);
  private readonly tallies = new Map<string, Tally>();
  private sweeper?: NodeJS.Timeout;

  constructor(
    private readonly dataSource: DataSource,
    @InjectBackgroundDataSource() private readonly background: DataSource,
    private readonly clock: Clock,
    private readonly config: AppConfig,
    private readonly limiter: DatabaseLimiter,
  ) {}

  onModuleInit(): void {
    this.sweeper = setInterval(() => void this.sweep(), SWEEP_MS).unref();
  }

  /** By now the last request has been answered, and the pool is still open. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.sweeper);
    await Promise.all([...this.tallies].map(([key, tally]) => this.close(key, tally)));
  }

  async record(actor: AuditActor, event: AuditEventName, target: AuditTarget): Promise<void> {
    const tally = await this.tallyOf(actor);
    if (tally.written >= this.config.AUDIT_REFUSALS_PER_MINUTE) {
      tally.suppressed += 1;
      return;
    }
    tally.written += 1;
    const { identityId, organizationId } = actor;
    const caller = { identityId: identityId ?? '', organizationId: organizationId ?? '' };
    const row: AuditEvent = { ...auditRow(actor, event, target), outcome: 'refused' };
    await this.limiter.run('change', caller, () => this.write(this.dataSource, row));
  }

  private async tallyOf(actor: AuditActor): Promise<Tally> {
    const key = `${actor.identityId}:${actor.organizationId}`;
    const now = actor.request.now.getTime();
    const current = this.tallies.get(key);
    if (current && now - current.since < MINUTE_MS) return current;
    const fresh = { since: now, written: 0, suppressed: 0, actor };
    this.tallies.delete(key);
    this.tallies.set(key, fresh);
    if (current) await this.close(key, current);
    if (this.tallies.size > MAX_ACTORS) await this.dropOldest();
    return fresh;
  }

  private async dropOldest(): Promise<void> {
    const [oldest] = this.tallies;
    if (!oldest) return;
    this.tallies.delete(oldest[0]);
    await this.close(...oldest);
  }

  /** Ends the minutes that are over. */
  async sweep(): Promise<void> {
    const now = this.clock.now().getTime();
    const over = [...this.tallies].filter(([, { since }]) => now - since >= MINUTE_MS);
    for (const [key] of over) this.tallies.delete(key);
    await Promise.all(over.map(([key, tally]) => this.close(key, tally)));
  }

  /** A count that can't be written now is kept for later: it is no reason for anything else to fail. */
  private async close(key: string, tally: Tally): Promise<void> {
    const { actor, suppressed } = tally;
    if (suppressed === 0) return;
    const row = auditRow(actor, 'refusals-suppressed', { details: { count: suppressed } });
    try {
      await this.write(this.background, { ...row, outcome: 'refused' });
    } catch (error) {
      this.log.warn(`a count of refusals could not be written: ${(error as Error).name}`);
      const current = this.tallies.get(key);
      if (current) current.suppressed += suppressed;
      else this.tallies.set(key, tally);
    }
  }

  private async write({ manager }: DataSource, row: AuditEvent): Promise<void> {
    await writeAuditRow(manager, row);
  }
}
