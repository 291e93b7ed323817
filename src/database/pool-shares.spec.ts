import { sharesOf } from './pool-shares.js';

describe('sharesOf', () => {
  it.each([
    [2, { background: 1, requests: 1, read: 1, change: 1, use: 1, batch: 10, unbatched: 1 }],
    [3, { background: 1, requests: 2, read: 1, change: 1, use: 1, batch: 15, unbatched: 1 }],
    [4, { background: 1, requests: 3, read: 1, change: 1, use: 1, batch: 20, unbatched: 2 }],
    [8, { background: 2, requests: 6, read: 1, change: 1, use: 3, batch: 40, unbatched: 5 }],
    [20, { background: 2, requests: 18, read: 4, change: 4, use: 9, batch: 100, unbatched: 14 }],
    [1000, { background: 2, requests: 998, read: 249, change: 249, use: 499, batch: 128, unbatched: 749 }],
  ])('divides a pool of %i connections', (poolSize, shares) => {
    expect(sharesOf(poolSize)).toEqual(shares);
  });
});
