import { isSuccessor } from './incarnation.js';
import type { DatabaseIdentity, DatabasePosition, LogMark } from './log-read.js';

/** Why nothing can be believed until an operator has spoken. For the log. */
export type Distrust = 'another-database' | 'log-went-back';

export const isSameIdentity = (one: DatabaseIdentity, other: DatabaseIdentity): boolean =>
  one.systemIdentifier === other.systemIdentifier && one.databaseOid === other.databaseOid;

/** The farthest end of the log that was seen, in which incarnation. */
export interface SeenHead {
  incarnation: string | null;
  /** Null where the log was empty. */
  mark: LogMark | null;
  /** The installation and the database that the log was read in; null before the first read. */
  source: { installationId: string; database: DatabaseIdentity } | null;
}

/**
 * Returns whether a database belongs to another installation than the one that was seen: it has another id, or it is a
 * copy that was accepted on its own and does not follow what was seen. Such a database proves nothing about a rollback.
 */
export function isOtherInstallation(
  { installationId, written, actual, incarnation }: DatabasePosition,
  seen: SeenHead,
): boolean {
  if (seen.source === null) return false;
  if (installationId !== seen.source.installationId) return true;
  return (
    isSameIdentity(written, actual) &&
    !isSameIdentity(actual, seen.source.database) &&
    !isSuccessor(incarnation, seen.incarnation)
  );
}

/** Returns whether a database is the one that was seen, by its system identifier and oid. */
export const isSeenDatabase = ({ installationId, actual }: DatabasePosition, { source }: SeenHead): boolean =>
  source !== null && installationId === source.installationId && isSameIdentity(actual, source.database);

/**
 * Whether the database may be an older state of itself, in which revoked tokens live again: its rows were written in
 * another database system or database (a dump was restored), or its log is not the one that this replica has seen (a
 * server took over that had not received everything, or a backup came back), be it by an incarnation that another one
 * has followed. A log that has grown again since doesn't have the entry that was seen. Null when all is well.
 * The position tells of the mark in `seen`.
 */
export function distrustOf(
  { written, actual, incarnation, isMarkLost }: DatabasePosition,
  seen: SeenHead,
): Distrust | null {
  if (written.systemIdentifier !== null && !isSameIdentity(written, actual)) return 'another-database';
  if (isSuccessor(incarnation, seen.incarnation)) return null;
  return incarnation === seen.incarnation && !isMarkLost ? null : 'log-went-back';
}

/** What is remembered after a read. A new incarnation begins anew: an operator has accepted what it holds. */
export const seenAfter = (
  { incarnation, head, installationId, actual }: DatabasePosition,
  seen: SeenHead,
): SeenHead => ({
  incarnation,
  mark: seen.incarnation === incarnation ? farther(head, seen.mark) : head,
  source: { installationId, database: actual },
});

const farther = (one: LogMark | null, other: LogMark | null): LogMark | null =>
  (one?.sequence ?? 0) >= (other?.sequence ?? 0) ? one : other;
