import { isSuccessor, successorOf } from './incarnation.js';

const [FIRST, OTHER] = ['6f1d4f5e-0b5c-4c8e-9d1a-2f6b7c8d9e0f', '00000000-0000-4000-8000-000000000000'];
const [SECOND, THIRD] = ['01990000-0000-7000-8000-000000000000', '01990000-0001-7000-8000-000000000000'];
const BEFORE = new Date(Number.parseInt('019800000000', 16));

describe('an incarnation', () => {
  it.each([
    [FIRST, null, true],
    [FIRST, FIRST, false],
    [SECOND, FIRST, true],
    [THIRD, SECOND, true],
    [SECOND, THIRD, false],
    [FIRST, SECOND, false],
    [OTHER, FIRST, false],
  ])('%s follows %s: %s', (incarnation, seen, isAfter) => {
    expect(isSuccessor(incarnation, seen)).toBe(isAfter);
  });

  it.each([FIRST, SECOND, THIRD])('is followed by one that is later, though the clock is behind: %s', (former) => {
    const next = successorOf(former, BEFORE);
    expect(isSuccessor(next, former)).toBe(true);
    expect(isSuccessor(successorOf(next, BEFORE), next)).toBe(true);
  });
});
