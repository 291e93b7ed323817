import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { ServiceUnavailableError } from '../common/errors/app-error.js';
import { claimOnce, putInDoubt } from './database-claim.js';
import { isSuccessor } from './incarnation.js';
import { type Distrust, distrustOf, seenAfter, type SeenHead } from './log-position.js';
import type { DatabasePosition, LogMark } from './log-read.js';

/** Watches whether the database goes back to an older state of itself, in which revoked tokens live again. */
export class DatabaseTrust {
  private readonly log = new Logger(DatabaseTrust.name);
  private seen: SeenHead = { incarnation: null, mark: null };
  private distrust: Distrust | null = null;
  private isTelling = false;

  constructor(private readonly dataSource: DataSource) {}

  /** The entry of the log that the database is to be asked for. */
  get mark(): LogMark | null {
    return this.seen.mark;
  }

  /** Whether the database is, as far as can be told, no older state of itself. */
  get isGiven(): boolean {
    return this.distrust === null;
  }

  /** Refuses everything until an operator has spoken. */
  check(): void {
    if (this.isGiven) return;
    throw new ServiceUnavailableError(
      'The database may be an older state of itself; an operator has to accept it with "token-auth restore accept"',
    );
  }

  /** Has the database remember where it is, if nobody did before. */
  async begin(): Promise<void> {
    await claimOnce(this.dataSource);
  }

  /** Judges by a read that asked for the mark. What comes later proves nothing: only a new incarnation ends a doubt. */
  take(read: DatabasePosition): void {
    const doubt = isSuccessor(read.incarnation, this.seen.incarnation) ? null : this.distrust;
    const found = distrustOf(read, this.seen);
    // The database that it is now may be the right one again, and is told nothing.
    if (found === 'log-went-back') void this.tellDatabase(read.incarnation);
    this.note(found ?? doubt);
    if (this.isGiven) this.seen = seenAfter(read, this.seen);
  }

  /** Judges by what a new connection tells that is asked now for the mark, before anybody uses it. */
  judgement(): (position: DatabasePosition) => void {
    const { seen } = this;
    return (position) => {
      const distrust = distrustOf(position, seen);
      if (!distrust) return;
      // A restore may have been accepted since the connection was asked: then nothing can be said of it.
      if (seen.incarnation !== this.seen.incarnation) throw new ServiceUnavailableError('The database has changed');
      if (distrust === 'log-went-back') void this.tellDatabase(position.incarnation);
      this.note(distrust);
    };
  }

  private note(distrust: Distrust | null): void {
    if (distrust !== null && this.isGiven) {
      this.log.fatal(`The database may be an older state of itself (${distrust}): nothing is accepted any more`);
    }
    this.distrust = distrust;
  }

  /** A replica that is started anew knows nothing of what this one saw, unless the database says it. */
  private async tellDatabase(incarnation: string): Promise<void> {
    if (this.isTelling) return;
    this.isTelling = true;
    // What fails is done with the next read.
    await putInDoubt(this.dataSource, incarnation, this.seen).catch(() => undefined);
    this.isTelling = false;
  }
}
