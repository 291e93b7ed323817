import fc from 'fast-check';
import { NamedScopes } from './named-scopes.js';

describe('what the log has named', () => {
  it('counts from the position that was noted before the question', () => {
    const named = new NamedScopes(10);
    const before = named.position;
    named.name(['a']);
    expect(named.isNamedSince(before, ['a'])).toBe(true);
    expect(named.isNamedSince(before, ['b', 'a'])).toBe(true);
    expect(named.isNamedSince(before, ['b'])).toBe(false);
    expect(named.isNamedSince(named.position, ['a'])).toBe(false);
  });

  it('counts once more when it is named once more', () => {
    const named = new NamedScopes(10);
    named.name(['a']);
    const between = named.position;
    named.name(['a']);
    expect(named.isNamedSince(between, ['a'])).toBe(true);
  });

  it('is everything, where positions have lost their meaning', () => {
    const named = new NamedScopes(10);
    const before = named.position;
    named.nameAll();
    expect(named.isNamedSince(before, ['never named'])).toBe(true);
    expect(named.isNamedSince(named.position, ['never named'])).toBe(false);
  });

  it('is anything, where it was forgotten: nothing that was named is ever taken for unnamed', () => {
    const steps = fc.array(fc.array(fc.constantFrom(...'abcdefgh'), { maxLength: 4 }), { maxLength: 30 });
    fc.assert(
      fc.property(
        steps,
        fc.nat(30),
        fc.constantFrom(...'abcdefgh'),
        fc.integer({ min: 1, max: 5 }),
        (all, at, name, size) => {
          const named = new NamedScopes(size);
          for (const names of all.slice(0, at)) named.name(names);
          const noted = named.position;
          const later = all.slice(at);
          for (const names of later) named.name(names);
          expect(named.isNamedSince(noted, [name]) || !later.flat().includes(name)).toBe(true);
          expect(named.isNamedSince(named.position, [name])).toBe(false);
        },
      ),
    );
  });
});
