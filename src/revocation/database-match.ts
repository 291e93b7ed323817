import { Logger } from '@nestjs/common';
import type pg from 'pg';
import { ServiceUnavailableError } from '../common/errors/app-error.js';
import { StandbyError } from '../common/errors/postgres-errors.js';
import { leadsToDatabaseOf } from '../database/same-database.js';
import type { DatabaseTrust } from './database-trust.js';
import { isSameIdentity } from './log-position.js';
import type { DatabasePosition, LogRead } from './log-read.js';

/** A connection leads to another database than the rest of this replica. What it was needed for was not done. */
export class DatabaseMismatchError extends ServiceUnavailableError {}

/** The two ways of this replica to its database. */
export interface DatabaseRoutes {
  /** Of the pool: `DATABASE_URL`, or the embedded database. */
  poolUrl: string;
  /** Whether the log is read by way of `DATABASE_DIRECT_URL`. */
  hasDirectUrl: boolean;
}

/**
 * Ensures that the pool and the connection that reads the revocation log lead to one database: a log that is read in
 * one database says nothing about the tokens of another. The proof is the heartbeat that each read of the log writes,
 * because a copy of the database does not receive it.
 */
export class DatabaseMatch {
  private readonly log = new Logger(DatabaseMatch.name);
  private readonly reported = new Set<string>();

  constructor(
    private readonly routes: DatabaseRoutes,
    private readonly trust: DatabaseTrust,
  ) {}

  /**
   * Verifies a new log connection before anything is written or concluded by way of it. Returns whether it leads to
   * the database of the last read; otherwise no connection of the pool may be used any more. Throws where the pool's
   * URL leads to another database now, or both lead to another installation.
   */
  async verifyLogConnection(client: pg.Client, position: DatabasePosition, last: LogRead | null): Promise<boolean> {
    if (position.timeline === null) throw new StandbyError();
    if (last && hasHeartbeat(position, last)) return true;
    if (!(await leadsToDatabaseOf(this.routes.poolUrl, client)))
      throw this.mismatch('log', `${this.logVariable} leads to another database than DATABASE_URL`);
    if (this.trust.isOtherInstallation(position))
      throw this.mismatch('log', 'DATABASE_URL leads to another installation than when this replica started');
    return false;
  }

  /** Returns whether a new connection of the pool leads to the database that the log was last read in. */
  isPoolMatch(position: DatabasePosition | null, last: LogRead): boolean {
    const isMatch = position !== null && hasHeartbeat(position, last);
    if (isMatch) this.reported.delete('pool');
    return isMatch;
  }

  /** Reports a connection of the pool that leads elsewhere. */
  poolMismatch(): DatabaseMismatchError {
    return this.mismatch('pool', `A new connection of DATABASE_URL leads to another database than ${this.logVariable}`);
  }

  /** A read of the log has succeeded. */
  noteRead(): void {
    this.reported.delete('log');
  }

  private get logVariable(): string {
    return this.routes.hasDirectUrl ? 'DATABASE_DIRECT_URL' : 'the connection that reads the revocation log';
  }

  /** Reports a mismatch once while it lasts. The variables are named in the log alone. */
  private mismatch(connection: 'log' | 'pool', finding: string): DatabaseMismatchError {
    if (!this.reported.has(connection)) {
      this.log.error(
        `${finding}. Nothing is read or written by way of that connection, and requests that need it fail with 503, ` +
          'until the configured URLs lead to one database again',
      );
    }
    this.reported.add(connection);
    return new DatabaseMismatchError('A database connection leads to another database than the others');
  }
}

/** Returns whether a database has the heartbeat of the last read, or a later one of this replica. */
const hasHeartbeat = ({ actual, heartbeatAt }: DatabasePosition, last: LogRead): boolean =>
  isSameIdentity(actual, last.actual) && heartbeatAt !== null && heartbeatAt >= last.heartbeatAt;
