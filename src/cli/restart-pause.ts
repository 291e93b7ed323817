/** Milliseconds; a worker that has served for so long did not end because of how it was started. */
const YOUNG_MS = 60_000;

const FIRST_MS = 100;
const LONGEST_MS = 30_000;

/** How many workers in a row have died young, after another one that served for so long. */
export const deathsInARow = (before: number, servedMs: number): number => (servedMs < YOUNG_MS ? before + 1 : 0);

/** Milliseconds until another worker takes the place of one that ended. */
export const pauseAfter = (deaths: number): number =>
  deaths === 0 ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** (deaths - 1));
