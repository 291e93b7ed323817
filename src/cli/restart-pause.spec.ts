import { deathsInARow, pauseAfter } from './restart-pause.js';

/** The pauses after workers that served for so many seconds each, one in the place of the other. */
function pauses(served: number[]): number[] {
  let deaths = 0;
  return served.map((seconds) => {
    deaths = deathsInARow(deaths, seconds * 1000);
    return pauseAfter(deaths);
  });
}

describe('the pause before another worker', () => {
  it.each([
    { name: 'is none after one that served for long', served: [60, 3600], paused: [0, 0] },
    { name: 'is short after a first that dies young', served: [3600, 0], paused: [0, 100] },
    { name: 'doubles while they die young', served: [0, 1, 59, 0, 0], paused: [100, 200, 400, 800, 1600] },
    { name: 'begins anew after one that served for long', served: [0, 0, 0, 60, 0], paused: [100, 200, 400, 0, 100] },
  ])('$name', ({ served, paused }) => {
    expect(pauses(served)).toEqual(paused);
  });

  it('is never longer than half a minute', () => {
    expect(pauses(Array.from({ length: 2000 }, () => 0)).at(-1)).toBe(30_000);
  });
});
