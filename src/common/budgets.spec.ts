import { Budgets } from './budgets.js';

const PER_MINUTE = 10;
const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000);

describe('a budget of ten a minute', () => {
  it.each([
    { name: 'gives ten at once and then one in six seconds', taken: 10, later: 0, wait: 6 },
    { name: 'gives the next after those six seconds', taken: 10, later: 6, wait: null },
    { name: 'rounds what is left to wait up', taken: 10, later: 5.1, wait: 1 },
    { name: 'is full after a minute', taken: 10, later: 60, wait: null },
    { name: 'gives the tenth', taken: 9, later: 0, wait: null },
    { name: 'gains nothing from a clock that goes back', taken: 10, later: -3600, wait: 6 },
  ])('$name', ({ taken, later, wait }) => {
    const budgets = new Budgets(PER_MINUTE, 100);
    for (let n = 0; n < taken; n += 1) expect(budgets.take('a', at(0)).wait).toBeNull();
    expect(budgets.wait('a', at(later))).toBe(wait);
    expect(budgets.take('a', at(later)).wait).toBe(wait);
    expect(budgets.take('b', at(later)).wait).toBeNull();
  });

  it('gives no time twice, whatever came before the last and is judged after it', () => {
    const budgets = new Budgets(PER_MINUTE, 100);
    for (let n = 0; n < PER_MINUTE; n += 1) budgets.spend('a', at(30));
    expect(budgets.wait('a', at(1))).toBe(6);
    budgets.take('a', at(2));
    expect(budgets.wait('a', at(30))).toBe(6);
  });

  it('goes on from where a clock was set back to', () => {
    const budgets = new Budgets(PER_MINUTE, 100);
    for (let n = 0; n < PER_MINUTE; n += 1) budgets.spend('a', at(3600));
    expect(budgets.wait('a', at(0))).toBe(6);
    expect(budgets.wait('a', at(6))).toBeNull();
  });

  it('never holds more than ten', () => {
    const budgets = new Budgets(PER_MINUTE, 100);
    budgets.take('a', at(0));
    for (let n = 0; n < PER_MINUTE; n += 1) expect(budgets.take('a', at(3600)).wait).toBeNull();
    expect(budgets.take('a', at(3600)).wait).toBe(6);
  });

  it('costs those who are refused nothing, and those who spend beyond it time', () => {
    const budgets = new Budgets(PER_MINUTE, 100);
    for (let n = 0; n < PER_MINUTE; n += 1) budgets.spend('a', at(0));
    for (let n = 0; n < 5; n += 1) expect(budgets.take('a', at(0)).wait).toBe(6);
    budgets.spend('a', at(0));
    expect(budgets.wait('a', at(0))).toBe(12);
  });

  it('tells how it stands', () => {
    const budgets = new Budgets(PER_MINUTE, 100);
    const taken = [0, 0, 0, 3].map((second) => budgets.take('a', at(second)));
    expect(taken[2]).toEqual({ wait: null, left: 7, fullIn: 18 });
    expect(taken[3]).toEqual({ wait: null, left: 6, fullIn: 21 });
    for (let n = 0; n < PER_MINUTE; n += 1) budgets.take('a', at(3));
    expect(budgets.take('a', at(3))).toEqual({ wait: 3, left: 0, fullIn: 57 });
  });

  it('forgets those who were not seen for longest', () => {
    const budgets = new Budgets(1, 2);
    for (const name of ['a', 'b', 'c']) expect(budgets.take(name, at(0)).wait).toBeNull();
    expect(budgets.wait('a', at(0))).toBeNull();
    expect(budgets.wait('c', at(0))).toBe(60);
  });
});
