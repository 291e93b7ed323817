import { distrustOf, isOtherInstallation, isSeenDatabase, seenAfter, type SeenHead } from './log-position.js';
import type { DatabasePosition, LogMark } from './log-read.js';

const [FIRST, OTHER] = ['6f1d4f5e-0b5c-4c8e-9d1a-2f6b7c8d9e0f', '00000000-0000-4000-8000-000000000000'];
const [SECOND, THIRD] = ['01990000-0000-7000-8000-000000000000', '01990000-0001-7000-8000-000000000000'];
const HERE = { systemIdentifier: '1', databaseOid: '2' };
const ELSEWHERE = { systemIdentifier: '1', databaseOid: '3' };
const SOURCE = { installationId: FIRST, database: HERE };

const mark = (sequence: number): LogMark => ({
  sequence,
  digest: String(sequence),
  keepUntil: '2030-01-01T00:00:00Z',
});
const at = (incarnation: string, head: number, more: Partial<DatabasePosition> = {}): DatabasePosition => ({
  incarnation,
  head: head === 0 ? null : mark(head),
  isMarkLost: false,
  timeline: '00000001',
  installationId: FIRST,
  heartbeatAt: null,
  written: HERE,
  actual: HERE,
  ...more,
});
const by = (written: object) => ({ written: { ...HERE, ...written } });
const WITHOUT = { isMarkLost: true };
const NOTHING: SeenHead = { incarnation: null, mark: null, source: null };
const seen = (incarnation: string, sequence: number): SeenHead => ({
  incarnation,
  mark: mark(sequence),
  source: SOURCE,
});

describe('a database', () => {
  it.each<[string, DatabasePosition, SeenHead, string | null]>([
    ['that is seen for the first time', at(FIRST, 5), NOTHING, null],
    ['that no start has looked at', at(FIRST, 5, by({ systemIdentifier: null, databaseOid: null })), NOTHING, null],
    ['whose log is as it was', at(FIRST, 5), seen(FIRST, 5), null],
    ['whose log was empty and has grown', at(FIRST, 5), { incarnation: FIRST, mark: null, source: SOURCE }, null],
    ['whose log has grown', at(FIRST, 6), seen(FIRST, 5), null],
    ['whose log has lost an entry', at(FIRST, 6, WITHOUT), seen(FIRST, 5), 'log-went-back'],
    ['whose log is empty now', at(FIRST, 0, WITHOUT), seen(FIRST, 5), 'log-went-back'],
    ['that was accepted', at(SECOND, 4, WITHOUT), seen(FIRST, 5), null],
    ['that was accepted once more', at(THIRD, 4, WITHOUT), seen(SECOND, 5), null],
    ['of before it was accepted', at(FIRST, 6), seen(SECOND, 5), 'log-went-back'],
    ['of before it was accepted once more', at(SECOND, 6), seen(THIRD, 5), 'log-went-back'],
    ['of another instance', at(OTHER, 6), seen(FIRST, 5), 'log-went-back'],
    ['of another system', at(FIRST, 5, by({ systemIdentifier: '9' })), NOTHING, 'another-database'],
    ['by another name', at(FIRST, 5, by({ databaseOid: '9' })), NOTHING, 'another-database'],
    ['that was put in doubt', at(FIRST, 5, by({ databaseOid: null })), NOTHING, 'another-database'],
  ])('%s is told so', (_name, position, before, distrust) => {
    expect(distrustOf(position, before)).toBe(distrust);
  });
});

describe('isOtherInstallation', () => {
  const copy = { written: ELSEWHERE, actual: ELSEWHERE };
  it.each<[string, DatabasePosition, SeenHead, boolean]>([
    ['false for the first database', at(FIRST, 5), NOTHING, false],
    ['false for the database that was seen', at(FIRST, 5), seen(FIRST, 5), false],
    ['false for a rolled-back database', at(FIRST, 2, WITHOUT), seen(FIRST, 5), false],
    ['true for another installation id', at(FIRST, 5, { installationId: OTHER }), seen(FIRST, 5), true],
    ['true for another id after an accepted restore', at(SECOND, 5, { installationId: OTHER }), seen(FIRST, 5), true],
    ['true for a copy with a history of its own', at(FIRST, 5, copy), seen(FIRST, 5), true],
    ['true for a copy that was accepted earlier', at(SECOND, 5, copy), seen(THIRD, 5), true],
    ['false for a dump that nobody has accepted', at(FIRST, 5, { actual: ELSEWHERE }), seen(FIRST, 5), false],
    ['false for a dump that was accepted since', at(SECOND, 5, copy), seen(FIRST, 5), false],
  ])('is %s', (_name, position, before, isOther) => {
    expect(isOtherInstallation(position, before)).toBe(isOther);
  });
});

describe('isSeenDatabase', () => {
  it.each<[string, DatabasePosition, SeenHead, boolean]>([
    ['true for the database that was seen', at(FIRST, 5), seen(FIRST, 5), true],
    ['false before the first read', at(FIRST, 5), NOTHING, false],
    ['false for a copy', at(FIRST, 5, { actual: ELSEWHERE }), seen(FIRST, 5), false],
    ['false for another installation', at(FIRST, 5, { installationId: OTHER }), seen(FIRST, 5), false],
  ])('is %s', (_name, position, before, isSeen) => {
    expect(isSeenDatabase(position, before)).toBe(isSeen);
  });
});

describe('what was seen', () => {
  it('goes forward within an incarnation, and begins anew with the next', () => {
    expect(seenAfter(at(SECOND, 3), seen(SECOND, 5))).toEqual(seen(SECOND, 5));
    expect(seenAfter(at(SECOND, 0), seen(SECOND, 5))).toEqual(seen(SECOND, 5));
    expect(seenAfter(at(SECOND, 6), seen(SECOND, 5))).toEqual(seen(SECOND, 6));
    expect(seenAfter(at(SECOND, 3), seen(FIRST, 5))).toEqual(seen(SECOND, 3));
    expect(seenAfter(at(FIRST, 3), NOTHING)).toEqual(seen(FIRST, 3));
  });
});
