import { readFileSync } from 'node:fs';
import { AppConfig, EMBEDDED_ISSUER } from '../../src/config/app-config.js';

const read = (name: string): string => readFileSync(`${__dirname}/../../${name}`, 'utf8');
const defaults = new AppConfig() as unknown as Record<string, unknown>;

/** The default as text; undefined where there is none, or none that is always the same. */
const given = (name: string): string | undefined => {
  const value = defaults[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
};

const rows = [...read('README.md').matchAll(/^\| `([A-Z_]+)` +\| (.*?) +\| (.+) \|$/gm)].map(
  ([, name = '', said = '', meaning = '']) => ({
    name,
    said,
    meaning,
  }),
);
const examples = [...read('.env.example').matchAll(/^#([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => ({
  name,
  value,
}));

describe('the variables', () => {
  it('are those of README.md, in the same number', () => {
    expect(rows.map(({ name }) => name).toSorted()).toEqual(AppConfig.variables().toSorted());
  });

  it('are those of .env.example', () => {
    expect(examples.map(({ name }) => name).toSorted()).toEqual(AppConfig.variables().toSorted());
  });

  it.each(rows)('$name is told with its default and its meaning', ({ name, said, meaning }) => {
    expect(/^`([^`]*)`/.exec(said)?.[1] ?? '').toBe(
      name === 'ISSUER' ? EMBEDDED_ISSUER : (given(name) ?? (said.match(/^`/) ? '.data' : '')),
    );
    expect(meaning.length).toBeGreaterThan(10);
  });

  it.each(examples)('$name stands in .env.example with its default', ({ name, value }) => {
    expect(value).toBe(given(name) ?? (/^(DATABASE_URL|ISSUER|NODE_ENV)$/.test(name) ? value : ''));
  });
});
