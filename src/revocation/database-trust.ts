import { Logger } from '@nestjs/common';
import { ServiceUnavailableError } from '../common/errors/app-error.js';
import { isSuccessor } from './incarnation.js';
import {
  type Distrust,
  distrustOf,
  isOtherInstallation,
  isSeenDatabase,
  seenAfter,
  type SeenHead,
} from './log-position.js';
import type { DatabasePosition, LogMark, LogRead } from './log-read.js';

/** Records a rollback in the database, through the connection that the last read came from. */
type RecordRollback = (incarnation: string, seen: SeenHead) => Promise<void>;

/**
 * Detects that the database was rolled back to an older state of itself, in which revoked tokens are valid again. Only
 * reads of the revocation log count, and a rollback is recorded only through the connection that made the read.
 */
export class DatabaseTrust {
  private readonly log = new Logger(DatabaseTrust.name);
  private seen: SeenHead = { incarnation: null, mark: null, source: null };
  private distrust: Distrust | null = null;
  private isRecording = false;

  constructor(private readonly recordRollback: RecordRollback) {}

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

  /** Returns whether a database belongs to another installation than the one that was read so far. */
  isOtherInstallation(position: DatabasePosition): boolean {
    return isOtherInstallation(position, this.seen);
  }

  /** Judges by a read that asked for the mark. What comes later proves nothing: only a new incarnation ends a doubt. */
  take(read: LogRead): void {
    const doubt = isSuccessor(read.incarnation, this.seen.incarnation) ? null : this.distrust;
    const found = distrustOf(read, this.seen);
    // A copy of the database, in another place, does not get to know what was seen in this one.
    if (found === 'log-went-back' && isSeenDatabase(read, this.seen)) void this.record(read.incarnation);
    this.note(found ?? doubt);
    if (this.isGiven) this.seen = seenAfter(read, this.seen);
  }

  private note(distrust: Distrust | null): void {
    if (distrust !== null && this.isGiven) {
      this.log.fatal(`The database may be an older state of itself (${distrust}): nothing is accepted any more`);
    }
    this.distrust = distrust;
  }

  /** A replica that starts later has not seen what this one has, so it reads it in the database. */
  private async record(incarnation: string): Promise<void> {
    if (this.isRecording) return;
    this.isRecording = true;
    // The next read tries again what fails.
    await this.recordRollback(incarnation, this.seen).catch(() => undefined);
    this.isRecording = false;
  }
}
