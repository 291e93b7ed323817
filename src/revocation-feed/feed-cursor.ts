/** A place in the order of the log: by transaction, and within one by sequence. */
export interface LogPlace {
  transactionId: string;
  sequence: string;
}

/**
 * How far a follower has come. Entries become visible out of order, so having come to the end means: everything of
 * transactions before `floor` is known. On the way there, `after` is the last entry that was handed out, and `floor`
 * is where the way is to begin the next time.
 */
export interface FeedCursor {
  incarnation: string;
  floor: string;
  after: LogPlace | null;
}

const FORM = /^([0-9a-f]{32}-[0-9A-F]{8})\.(\d{1,19})(?:-(\d{1,19})-(\d{1,19}))?$/;

/** `<incarnation>.<position>`; opaque to followers. */
export function cursorOf({ incarnation, floor, after }: FeedCursor): string {
  return `${incarnation}.${floor}${after ? `-${after.transactionId}-${after.sequence}` : ''}`;
}

/** What a cursor says; null when it is none of ours. */
export function parseCursor(text: string): FeedCursor | null {
  const [, incarnation, floor, transactionId, sequence] = FORM.exec(text) ?? [];
  if (incarnation === undefined || floor === undefined) return null;
  const after = transactionId === undefined || sequence === undefined ? null : { transactionId, sequence };
  return { incarnation, floor, after };
}

/** Positions mean something within one of these only: it changes with a restore, and when another server takes over. */
export const incarnationOf = ({ incarnation, timeline }: { incarnation: string; timeline: string }): string =>
  `${incarnation.replaceAll('-', '')}-${timeline}`;
