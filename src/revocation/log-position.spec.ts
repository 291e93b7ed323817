import { distrustOf, seenAfter, type SeenHead } from './log-position.js';

const [FIRST, OTHER] = ['6f1d4f5e-0b5c-4c8e-9d1a-2f6b7c8d9e0f', '00000000-0000-4000-8000-000000000000'];
const [SECOND, THIRD] = ['01990000-0000-7000-8000-000000000000', '01990000-0001-7000-8000-000000000000'];
const HERE = { systemIdentifier: '1', databaseOid: '2' };
const at = (incarnation: string, head: number, written: object = HERE) => ({
  incarnation,
  head,
  timeline: '00000001',
  written: { ...HERE, ...written },
  actual: HERE,
});
const NOTHING: SeenHead = { incarnation: null, head: 0 };

describe('a database', () => {
  it.each([
    ['that is seen for the first time', at(FIRST, 5), NOTHING, null],
    ['that no start has looked at', at(FIRST, 5, { systemIdentifier: null, databaseOid: null }), NOTHING, null],
    ['whose log is as it was', at(FIRST, 5), { incarnation: FIRST, head: 5 }, null],
    ['whose log has grown', at(FIRST, 6), { incarnation: FIRST, head: 5 }, null],
    ['whose log ends before', at(FIRST, 4), { incarnation: FIRST, head: 5 }, 'log-went-back'],
    ['that was accepted', at(SECOND, 4), { incarnation: FIRST, head: 5 }, null],
    ['that was accepted once more', at(THIRD, 4), { incarnation: SECOND, head: 5 }, null],
    ['of before it was accepted', at(FIRST, 6), { incarnation: SECOND, head: 5 }, 'log-went-back'],
    ['of before it was accepted once more', at(SECOND, 6), { incarnation: THIRD, head: 5 }, 'log-went-back'],
    ['of another instance', at(OTHER, 6), { incarnation: FIRST, head: 5 }, 'log-went-back'],
    ['of another system', at(FIRST, 5, { systemIdentifier: '9' }), NOTHING, 'another-database'],
    ['by another name', at(FIRST, 5, { databaseOid: '9' }), NOTHING, 'another-database'],
    ['that was put in doubt', at(FIRST, 5, { databaseOid: null }), NOTHING, 'another-database'],
  ])('%s is told so', (_name, position, seen, distrust) => {
    expect(distrustOf(position, seen)).toBe(distrust);
  });
});

describe('what was seen', () => {
  it('goes forward within an incarnation, and begins anew with the next', () => {
    expect(seenAfter(at(SECOND, 3), { incarnation: SECOND, head: 5 })).toEqual({ incarnation: SECOND, head: 5 });
    expect(seenAfter(at(SECOND, 3), { incarnation: FIRST, head: 5 })).toEqual({ incarnation: SECOND, head: 3 });
  });
});
