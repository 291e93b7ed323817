import { readFileSync } from 'node:fs';
import { AppConfig } from '../../src/config/app-config.js';

const read = (name: string): string => readFileSync(`${__dirname}/../../${name}`, 'utf8');
const defaults = new AppConfig() as unknown as Record<string, unknown>;

/** The default as text; undefined where there is none, or none that is always the same. */
const given = (name: string): string | undefined => {
  const value = defaults[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
};

const examples = [...read('.env.example').matchAll(/^#([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => ({
  name,
  value,
}));

describe('the variables', () => {
  it('are those of docs/configuration.md ("npm run docs" writes it)', () => {
    const names = [...read('docs/configuration.md').matchAll(/^\| `([A-Z_]+)` +\|/gm)].map(([, name = '']) => name);
    expect(names.toSorted()).toEqual(AppConfig.variables().toSorted());
  });

  it('are those of .env.example', () => {
    expect(examples.map(({ name }) => name).toSorted()).toEqual(AppConfig.variables().toSorted());
  });

  it.each(examples)('$name stands in .env.example with its default', ({ name, value }) => {
    expect(value).toBe(given(name) ?? (/^(DATABASE_URL|ISSUER|NODE_ENV)$/.test(name) ? value : ''));
  });
});
