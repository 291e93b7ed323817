import { inParallel } from './in-parallel.js';

const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('inParallel', () => {
  it('keeps the order of the items, whichever is done first', async () => {
    const done: number[] = [];
    const results = await inParallel([3, 1, 2], 3, async (turns) => {
      for (let turn = 0; turn < turns; turn += 1) await later();
      done.push(turns);
      return turns * 10;
    });
    expect(results).toEqual([30, 10, 20]);
    expect(done).toEqual([1, 2, 3]);
  });

  it.each([
    { items: 10, atOnce: 3, most: 3 },
    { items: 2, atOnce: 3, most: 2 },
    { items: 0, atOnce: 3, most: 0 },
  ])('does $most of $items at once where $atOnce may be', async ({ items, atOnce, most }) => {
    let running = 0;
    let highest = 0;
    await inParallel(Array.from({ length: items }), atOnce, async () => {
      highest = Math.max(highest, ++running);
      await later();
      running -= 1;
    });
    expect(highest).toBe(most);
  });

  it('fails with the first failure and begins nothing more', async () => {
    const begun: number[] = [];
    const failing = inParallel([1, 2, 3, 4, 5, 6], 2, async (item) => {
      begun.push(item);
      await later();
      if (item === 1) throw new Error('one');
    });
    await expect(failing).rejects.toThrow('one');
    await later();
    expect(begun).toEqual([1, 2]);
  });
});
