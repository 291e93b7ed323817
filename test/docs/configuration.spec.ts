import { readFileSync } from 'node:fs';
import { AppConfig } from '../../src/config/app-config.js';

const read = (name: string): string => readFileSync(`${__dirname}/../../${name}`, 'utf8');
const defaults = new AppConfig() as unknown as Record<string, unknown>;

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
    const value = defaults[name];
    if (typeof value === 'string' || typeof value === 'number') expect(said).toBe(`\`${value}\``);
    else expect(said).not.toMatch(/^`\d/);
    expect(meaning.length).toBeGreaterThan(10);
  });

  it.each(examples)('$name stands in .env.example with its default', ({ name, value }) => {
    const given = defaults[name];
    if (typeof given === 'string' || typeof given === 'number') expect(value).toBe(String(given));
  });
});
