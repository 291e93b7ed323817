import { bearerTokenOf } from './bearer-token.js';

describe('bearerTokenOf', () => {
  it.each([
    ['Bearer a.b.c', 'a.b.c'],
    ['bearer a.b.c', 'a.b.c'],
    ['BEARER   a.b.c', 'a.b.c'],
    ['Bearer a.b.c x', 'a.b.c x'],
    ['Bearer a.b.c,d', 'a.b.c,d'],
    ['Bearer x Bearer y', 'x Bearer y'],
  ])('takes all of %j that follows the scheme', (authorization, token) => {
    expect(bearerTokenOf({ authorization })).toBe(token);
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer\ta.b.c',
    'Basic eA==',
    'Token a.b.c',
    'a.b.c',
    'x Bearer a.b.c',
    'Bearera.b.c',
    'a'.repeat(16_000),
  ])('finds no bearer in %j', (authorization) => {
    expect(bearerTokenOf({ authorization })).toBeNull();
  });
});
