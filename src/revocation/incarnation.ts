import { v7, version } from 'uuid';

/** The first incarnation is random; those that follow it are version 7 UUIDs, which are in the order of their making. */
const isFollowing = (incarnation: string): boolean => version(incarnation) === 7;

/** When a version 7 UUID was made: its first 48 bits are milliseconds since 1970 (RFC 9562). */
const timeOf = (incarnation: string): number => Number.parseInt(incarnation.replaceAll('-', '').slice(0, 12), 16);

/** Whether an operator has accepted what there is, since the incarnation that was seen; null: none was. */
export const isSuccessor = (incarnation: string, seen: string | null): boolean =>
  seen === null || (isFollowing(incarnation) && (!isFollowing(seen) || incarnation > seen));

/** The incarnation that follows another one, whatever the clock says. */
export const successorOf = (incarnation: string, now: Date): string =>
  v7({ msecs: isFollowing(incarnation) ? Math.max(now.getTime(), timeOf(incarnation) + 1) : now.getTime() });
