import { hasExpired, lifetimeAtMint, lifetimeAtRenewal } from './token-lifetime.js';

const CEILING = 1000;

describe('lifetimeAtMint', () => {
  it.each([
    { name: 'takes the ttl', ttl: 60, maxTtl: 0, lifetime: 60 },
    { name: 'never passes the max ttl', ttl: 60, maxTtl: 30, lifetime: 30 },
    { name: 'takes the max ttl alone', ttl: 0, maxTtl: 30, lifetime: 30 },
    { name: 'keeps to the ceiling without either', ttl: 0, maxTtl: 0, lifetime: CEILING },
    { name: 'keeps to the ceiling with both', ttl: 5000, maxTtl: 6000, lifetime: CEILING },
  ])('$name', ({ ttl, maxTtl, lifetime }) => {
    expect(lifetimeAtMint({ ttl, maxTtl }, CEILING)).toBe(lifetime);
  });
});

describe('lifetimeAtRenewal', () => {
  it.each([
    { name: 'counts the ttl anew', ttl: 60, maxTtl: 0, since: 50, lifetime: 60 },
    { name: 'never passes what is left of the max ttl', ttl: 60, maxTtl: 80, since: 50, lifetime: 30 },
    { name: 'ends where the max ttl ends, between two seconds too', ttl: 60, maxTtl: 80, since: 50.5, lifetime: 30 },
    { name: 'has one second left', ttl: 60, maxTtl: 80, since: 79, lifetime: 1 },
    { name: 'gives nothing of less than a second', ttl: 60, maxTtl: 80, since: 79.001, lifetime: 0 },
    { name: 'has nothing left at the max ttl', ttl: 60, maxTtl: 80, since: 80, lifetime: 0 },
    { name: 'is endless in number when max ttl is 0', ttl: 60, maxTtl: 0, since: 1_000_000, lifetime: 60 },
    { name: 'keeps to the ceiling', ttl: 0, maxTtl: 0, since: 10, lifetime: CEILING },
  ])('$name', ({ ttl, maxTtl, since, lifetime }) => {
    expect(lifetimeAtRenewal({ ttl, maxTtl }, CEILING, since)).toBe(lifetime);
  });
});

describe('hasExpired', () => {
  it.each([
    { at: '2026-01-01T00:00:00.999Z', isOver: false },
    { at: '2026-01-01T00:00:01.000Z', isOver: true },
    { at: '2026-01-01T00:00:02.000Z', isOver: true },
  ])('a token whose exp is a second after midnight is over at $at: $isOver', ({ at, isOver }) => {
    expect(hasExpired({ exp: Date.UTC(2026, 0, 1) / 1000 + 1 }, new Date(at))).toBe(isOver);
  });
});
