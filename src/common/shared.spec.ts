import { keyOf, Shared } from './shared.js';

describe('Shared', () => {
  it('gives the same object for the same key, and another for another', () => {
    const shared = new Shared<object>();
    const one = shared.of('one', () => ({}));
    expect(shared.of('one', () => ({}))).toBe(one);
    expect(shared.of('other', () => ({}))).not.toBe(one);
  });
});

describe('keyOf', () => {
  it.each([
    { one: ['ab', 'c'], other: ['a', 'bc'] },
    { one: ['a', null], other: ['a', ''] },
    { one: ['a', null], other: ['a', '-'] },
    { one: ['1:a'], other: ['1', 'a'] },
    { one: ['', 'a'], other: ['a', ''] },
    { one: ['a'], other: ['a', null] },
  ])('tells $one from $other', ({ one, other }) => {
    expect(keyOf(one)).not.toBe(keyOf(other));
    expect(keyOf(one)).toBe(keyOf([...one]));
  });
});
