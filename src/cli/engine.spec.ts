import { growthInPercent } from './engine.js';

describe('by how much the heap may grow until all of it is collected', () => {
  it.each([
    { name: 'a small heap by what is missing to the room', living: 50e6, percent: 40 },
    { name: 'in whole percent', living: 46e6, percent: 52 },
    { name: 'a full one by a fifth', living: 65e6, percent: 20 },
    { name: 'one over the room by a fifth too', living: 300e6, percent: 20 },
    { name: 'one of next to nothing to twice its size', living: 1e6, percent: 100 },
  ])('$name', ({ living, percent }) => {
    expect(growthInPercent(living)).toBe(percent);
  });
});
