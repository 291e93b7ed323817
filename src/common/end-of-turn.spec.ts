import { EndOfTurn } from './end-of-turn.js';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('EndOfTurn', () => {
  it('comes once for all who wait in a turn, after what else the turn brings', async () => {
    const turn = new EndOfTurn();
    const seen: string[] = [];
    const answer = async (name: string): Promise<void> => {
      seen.push(`${name} asks`);
      await turn.reached();
      seen.push(`${name} goes on`);
    };
    const one = answer('one');
    process.nextTick(() => seen.push('tick'));
    await Promise.resolve();
    const other = answer('other');
    await Promise.all([one, other]);
    expect(seen).toEqual(['one asks', 'other asks', 'tick', 'one goes on', 'other goes on']);
  });

  it('comes again in each turn', async () => {
    const turn = new EndOfTurn();
    for (let turns = 0; turns < 3; turns += 1) await turn.reached();
    const late = jest.fn();
    void turn.reached().then(late);
    await nextTurn();
    expect(late).toHaveBeenCalledTimes(1);
  });

  it('keeps nobody for whom 15 others wait, and those who come later until the turn ends', async () => {
    const turn = new EndOfTurn();
    const goesOn = jest.fn();
    for (let number = 1; number <= 17; number += 1) void turn.reached().then(() => goesOn(number));
    for (let microtasks = 0; microtasks < 10; microtasks += 1) await Promise.resolve();
    expect(goesOn.mock.calls.map(([number]) => number as number)).toEqual(
      Array.from({ length: 16 }, (_, at) => at + 1),
    );
    await nextTurn();
    expect(goesOn).toHaveBeenCalledTimes(17);
  });
});
