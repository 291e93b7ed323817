import { isSuccessor } from './incarnation.js';
import type { DatabaseIdentity, DatabasePosition } from './log-read.js';

/** Why nothing can be believed until an operator has spoken. For the log. */
export type Distrust = 'another-database' | 'log-went-back';

const isSame = (one: DatabaseIdentity, other: DatabaseIdentity): boolean =>
  one.systemIdentifier === other.systemIdentifier && one.databaseOid === other.databaseOid;

/**
 * Whether the database may be an older state of itself, in which revoked tokens live again: its rows were written in
 * another database system or database (a dump was restored), or its log ends before what this replica has seen (a
 * server took over that had not received everything, or a backup came back), be it by an incarnation that another one
 * has followed. Null when all is well.
 */
export function distrustOf({ written, actual, head, incarnation }: DatabasePosition, seen: SeenHead): Distrust | null {
  if (written.systemIdentifier !== null && !isSame(written, actual)) return 'another-database';
  if (isSuccessor(incarnation, seen.incarnation)) return null;
  return incarnation === seen.incarnation && head >= seen.head ? null : 'log-went-back';
}

/** The farthest end of the log that was seen, in which incarnation. */
export interface SeenHead {
  incarnation: string | null;
  head: number;
}

/** What is remembered after a read. A new incarnation begins anew: an operator has accepted what it holds. */
export const seenAfter = ({ incarnation, head }: DatabasePosition, seen: SeenHead): SeenHead => ({
  incarnation,
  head: seen.incarnation === incarnation ? Math.max(head, seen.head) : head,
});
