import { metadataChanges } from './identity-metadata.js';

const pairs = (...entries: [string, string][]) => entries.map(([key, value]) => ({ key, value }));

describe('metadataChanges', () => {
  it.each([
    { name: 'returns null for no metadata', before: [], after: [], changes: null },
    {
      name: 'returns null for the same pairs',
      before: pairs(['a', '1'], ['b', '2'], ['a', '3']),
      after: pairs(['a', '1'], ['b', '2'], ['a', '3']),
      changes: null,
    },
    {
      name: 'names each key that was added, changed or removed',
      before: pairs(['kept', '1'], ['changed', '2'], ['removed', '3']),
      after: pairs(['added', '4'], ['changed', '5'], ['kept', '1']),
      changes: {
        'metadata.added': { to: '4' },
        'metadata.changed': { from: '2', to: '5' },
        'metadata.removed': { from: '3' },
      },
    },
    {
      name: 'lists the values of a key that occurs more than once',
      before: pairs(['a', '1']),
      after: pairs(['a', '1'], ['b', '2'], ['a', '3']),
      changes: { 'metadata.a': { from: '1', to: ['1', '3'] }, 'metadata.b': { to: '2' } },
    },
    {
      name: 'finds the values of a key in another order',
      before: pairs(['a', '1'], ['a', '2']),
      after: pairs(['a', '2'], ['a', '1']),
      changes: { 'metadata.a': { from: ['1', '2'], to: ['2', '1'] } },
    },
    {
      name: 'records the order of the keys if nothing else differs',
      before: pairs(['a', '1'], ['b', '2']),
      after: pairs(['b', '2'], ['a', '1']),
      changes: { metadata: { from: ['a', 'b'], to: ['b', 'a'] } },
    },
    {
      name: 'handles keys that objects inherit',
      before: pairs(['__proto__', '1']),
      after: pairs(['__proto__', '2'], ['constructor', '3']),
      changes: { 'metadata.__proto__': { from: '1', to: '2' }, 'metadata.constructor': { to: '3' } },
    },
  ])('$name', ({ before, after, changes }) => {
    expect(metadataChanges(before, after)).toEqual(changes);
  });
});
