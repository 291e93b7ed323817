import type { Level } from './finding.js';
import { serverChecks } from './server-checks.js';
import { distance, type ServerFacts } from './server-facts.js';

const GOOD: ServerFacts = {
  versionNumber: 180_004,
  version: '18.4',
  isStandby: false,
  fsync: 'on',
  fullPageWrites: 'on',
  synchronousCommit: 'on',
  synchronousStandbyNames: 'ANY 1 (a, b)',
  standbys: 2,
  maxConnections: 100,
  clockAheadMs: 0,
};
const config = { DATABASE_POOL_SIZE: 20 };

const BAD: { facts: Partial<ServerFacts>; check: string; level: Level; says: RegExp }[] = [
  { facts: { versionNumber: 130_012, version: '13.12' }, check: 'server', level: 'fault', says: /13\.12/ },
  { facts: { isStandby: true }, check: 'server', level: 'fault', says: /recovery/ },
  { facts: { fsync: 'off' }, check: 'fsync', level: 'fault', says: /after a crash/ },
  { facts: { fullPageWrites: 'off' }, check: 'full_page_writes', level: 'fault', says: /after a crash/ },
  { facts: { synchronousCommit: 'off' }, check: 'synchronous_commit', level: 'fault', says: /after a crash/ },
  { facts: { synchronousCommit: 'local' }, check: 'synchronous_standby_names', level: 'fault', says: /waits for none/ },
  {
    facts: { synchronousCommit: 'remote_write' },
    check: 'synchronous_standby_names',
    level: 'warning',
    says: /no flush/,
  },
  {
    facts: { synchronousStandbyNames: '' },
    check: 'synchronous_standby_names',
    level: 'warning',
    says: /2 following/,
  },
  {
    facts: { synchronousStandbyNames: '', standbys: 0 },
    check: 'synchronous_standby_names',
    level: 'warning',
    says: /no standby follows/,
  },
  { facts: { clockAheadMs: 2000 }, check: 'clock', level: 'warning', says: /2\.0 s ahead of/ },
  { facts: { clockAheadMs: -60_000 }, check: 'clock', level: 'fault', says: /60\.0 s behind/ },
  { facts: { maxConnections: 49 }, check: 'connections', level: 'warning', says: /room for 1 replica of/ },
];

describe('serverChecks', () => {
  it.each([{}, { versionNumber: 140_000 }, { clockAheadMs: -1999 }, { maxConnections: 50 }])(
    'finds nothing wrong with %j',
    (facts) => {
      const findings = serverChecks({ ...GOOD, ...facts }, config);
      expect(findings.filter(({ level, remedy }) => level !== 'ok' || remedy !== undefined)).toEqual([]);
    },
  );

  it.each(BAD)('finds a $level with $facts, and says what to mend', ({ facts, check, level, says }) => {
    const findings = serverChecks({ ...GOOD, ...facts }, config).filter((finding) => finding.level !== 'ok');
    expect(findings).toEqual([
      { check, level, message: expect.stringMatching(says), remedy: expect.stringMatching(/.{10}/) },
    ]);
  });
});

describe('distance', () => {
  it.each([
    ['before', 90, 10],
    ['between', 105, 0],
    ['at the end', 110, 0],
    ['after', 130, -20],
  ])('of a time %s the question and its answer', (_name, told, expected) => {
    expect(distance(100, told, 110)).toBe(expected);
  });
});
