import { AppConfig } from '../../config/app-config.js';
import type { SigningKey } from '../../database/entities/signing-key.entity.js';
import { dueSteps, scheduleOf } from './key-schedule.js';

const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 1) + seconds * 1000);
const key = (state: string, since: number, until: number | null = null): SigningKey => ({
  kid: `${state} since ${since}`,
  algorithm: 'ES256',
  publicJwk: { kty: 'EC' },
  sealedPrivateKey: null,
  mac: null,
  isAdoptable: false,
  state,
  createdAt: at(since),
  stateSince: at(since),
  verifiesUntil: until === null ? null : at(until),
});
const scheduleWith = (SIGNING_KEY_MAX_AGE: number) =>
  scheduleOf({ ...new AppConfig(), SIGNING_KEY_MAX_AGE, JWKS_MAX_AGE: 300 } as AppConfig);

describe('dueSteps', () => {
  it.each([
    { name: 'nothing while the active key is young', keys: [key('active', 0)], now: 639, due: {} },
    {
      name: 'a next key, in time to be published before the active one is over age',
      keys: [key('active', 0)],
      now: 640,
      due: { isNextNeeded: true },
    },
    { name: 'no second next key', keys: [key('active', 0), key('next', 640)], now: 999, due: {} },
    {
      name: 'that the next key signs once it has been published long enough',
      keys: [key('active', 0), key('next', 640)],
      now: 1000,
      due: { ripe: 'next since 640' },
    },
    {
      name: 'that a late next key is published as long as any',
      keys: [key('active', 0), key('next', 5000)],
      now: 5359,
      due: {},
    },
    {
      name: 'that a next key of an operator signs before the active one is over age',
      keys: [key('active', 0), key('next', 10)],
      now: 370,
      due: { ripe: 'next since 10' },
    },
    {
      name: 'that a retiring key stays for five minutes after its last token',
      keys: [key('active', 0), key('retiring', 0, 200)],
      now: 499,
      due: {},
    },
    {
      name: 'that a retiring key goes after that',
      keys: [key('active', 0), key('retiring', 0, 200)],
      now: 500,
      due: { over: ['retiring since 0'] },
    },
    {
      name: 'that a retiring key stays whose end is not known',
      keys: [key('active', 0), key('retiring', 0)],
      now: 600,
      due: {},
    },
    { name: 'nothing of keys that are gone', keys: [key('retired', 0, 0), key('revoked', 0, 0)], now: 1e9, due: {} },
  ])('asks for $name', ({ keys, now, due }) => {
    const { over, isNextNeeded, ripe } = dueSteps(keys, at(now), scheduleWith(1000));
    expect({ over: over.map(({ kid }) => kid), isNextNeeded, ripe: ripe?.kid ?? null }).toEqual({
      over: [],
      isNextNeeded: false,
      ripe: null,
      ...due,
    });
  });

  it('asks for no next key, however old the active one is, where that is off', () => {
    expect(dueSteps([key('active', 0)], at(1e9), scheduleWith(0)).isNextNeeded).toBe(false);
  });
});
