import { type Changes, changesBetween, type Fields, joinChanges } from './changes.js';

const TOKEN = `eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.${'s'.repeat(86)}`;
const list = (length: number) => Array.from({ length }, (_, index) => index);

describe('changesBetween', () => {
  it.each<{ name: string; before: Fields; after: Fields; changes: Changes | null }>([
    { name: 'returns null for equal values', before: { a: 1, b: 'x' }, after: { b: 'x', a: 1 }, changes: null },
    { name: 'returns null for two empty states', before: {}, after: {}, changes: null },
    { name: 'treats an absent field as null', before: { a: null }, after: {}, changes: null },
    {
      name: 'returns null for equal lists',
      before: { a: [{ x: ['y'] }] },
      after: { a: [{ x: ['y'] }] },
      changes: null,
    },
    {
      name: 'returns only the fields that differ',
      before: { name: 'old', isActive: true },
      after: { name: 'new', isActive: true },
      changes: { name: { from: 'old', to: 'new' } },
    },
    {
      name: 'tells false, zero, the empty text and null apart',
      before: { a: false, b: 0, c: '', d: '' },
      after: { a: 0, b: '', c: null, d: false },
      changes: {
        a: { from: false, to: 0 },
        b: { from: 0, to: '' },
        c: { from: '', to: null },
        d: { from: '', to: false },
      },
    },
    {
      name: 'compares lists in order',
      before: { a: ['x', 'y'] },
      after: { a: ['y', 'x'] },
      changes: { a: { from: ['x', 'y'], to: ['y', 'x'] } },
    },
    {
      name: 'finds a difference deep in a list',
      before: { a: [{ subject: 'role', action: ['read'] }] },
      after: { a: [{ subject: 'role', action: ['read', 'edit'] }] },
      changes: {
        a: { from: [{ subject: 'role', action: ['read'] }], to: [{ subject: 'role', action: ['read', 'edit'] }] },
      },
    },
    { name: 'has no old value for a creation', before: {}, after: { a: 1, b: null }, changes: { a: { to: 1 } } },
    { name: 'has no new value for a deletion', before: { a: 1, b: null }, after: {}, changes: { a: { from: 1 } } },
    {
      name: 'truncates a text after 256 characters',
      before: { a: 'x'.repeat(256) },
      after: { a: 'x'.repeat(257) },
      changes: { a: { from: 'x'.repeat(256), to: { truncated: 'x'.repeat(256), length: 257 } } },
    },
    {
      name: 'leaves no half of a surrogate pair',
      before: {},
      after: { a: `${'x'.repeat(255)}\u{1f600}` },
      changes: { a: { to: { truncated: `${'x'.repeat(255)}\ufffd`, length: 257 } } },
    },
    {
      name: 'truncates a list after 256 items',
      before: { a: list(256) },
      after: { a: list(300) },
      changes: { a: { from: list(256), to: { truncated: list(256), length: 300 } } },
    },
    {
      name: 'removes tokens from values and names',
      before: { a: `my ${TOKEN}`, [`note ${TOKEN}`]: 1 },
      after: { a: [TOKEN, 'x'.repeat(250) + TOKEN] },
      changes: {
        a: { from: 'my [removed]', to: ['[removed]', { truncated: `${'x'.repeat(250)}[remov`, length: 259 }] },
        'note [removed]': { from: 1 },
      },
    },
    {
      name: 'keeps host names and addresses',
      before: { a: 'https://build.internal.example' },
      after: { a: ['10.0.0.0/8', '2001:db8::1'] },
      changes: { a: { from: 'https://build.internal.example', to: ['10.0.0.0/8', '2001:db8::1'] } },
    },
  ])('$name', ({ before, after, changes }) => {
    const found = changesBetween(before, after);
    expect(found && JSON.parse(JSON.stringify(found))).toEqual(changes);
  });

  it('records two allow-lists of the maximum size in full', () => {
    const longest = (start: string) => Array.from({ length: 256 }, () => `${start}${'x'.repeat(44)}/128`);
    const [from, to] = [longest('a'), longest('b')];
    expect(changesBetween({ a: from }, { a: to })).toEqual({ a: { from, to } });
  });

  it('omits values beyond 32,768 bytes, and names every changed field', () => {
    const before = Object.fromEntries(list(200).map((key) => [`key-${key}`, 'ü'.repeat(256)]));
    const changes = changesBetween(before, {}) ?? {};
    expect(Object.keys(changes)).toEqual(Object.keys(before));
    const omitted = Object.values(changes).filter((change) => 'isOmitted' in change);
    const recorded = Object.values(changes).filter((change) => !('isOmitted' in change));
    expect(omitted.length).toBeGreaterThan(0);
    expect(Buffer.byteLength(JSON.stringify(recorded))).toBeGreaterThan(32_000);
    expect(Buffer.byteLength(JSON.stringify(recorded))).toBeLessThan(33_000);
  });
});

describe('joinChanges', () => {
  it.each<{ parts: (Changes | null)[]; joined: Changes | null }>([
    { parts: [null, null], joined: null },
    { parts: [null, { a: { to: 1 } }], joined: { a: { to: 1 } } },
    { parts: [{ a: { to: 1 } }, { b: { from: 2 } }], joined: { a: { to: 1 }, b: { from: 2 } } },
  ])('joins $parts to $joined', ({ parts, joined }) => {
    expect(joinChanges(...parts)).toEqual(joined);
  });
});
