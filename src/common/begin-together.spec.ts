import { beginTogether } from './begin-together.js';

describe('beginTogether', () => {
  it('begins what is asked for at the same time in one go, in its order, and what comes later by itself', async () => {
    const seen: string[] = [];
    const ask = async (name: string, steps: number): Promise<void> => {
      for (let step = 0; step < steps; step += 1) await Promise.resolve();
      seen.push(`${name} asks`);
      await new Promise<void>((done) => {
        beginTogether(() => {
          seen.push(`${name} begins`);
          done();
        });
      });
    };
    await Promise.all([ask('one', 0), ask('other', 3)]);
    await ask('late', 0);
    expect(seen).toEqual(['one asks', 'other asks', 'one begins', 'other begins', 'late asks', 'late begins']);
  });
});
