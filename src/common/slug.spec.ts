import { slugOf } from './slug.js';

describe('slugOf', () => {
  it.each([
    { name: 'Acme', slug: 'acme' },
    { name: '  Acme & Sons, Ltd. ', slug: 'acme-sons-ltd' },
    { name: 'Crème Brûlée', slug: 'creme-brulee' },
    { name: '日本', slug: 'fallback' },
    { name: '---', slug: 'fallback' },
    { name: `${'a'.repeat(63)} b`, slug: 'a'.repeat(63) },
    { name: 'a'.repeat(255), slug: 'a'.repeat(64) },
  ])('makes $slug of $name', ({ name, slug }) => {
    expect(slugOf(name, 'fallback')).toBe(slug);
  });
});
