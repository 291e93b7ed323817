import type { AppConfig } from '../../config/app-config.js';
import type { SigningKey } from '../../database/entities/signing-key.entity.js';

/** Replicas learn of a new key within this, and only then can a verifier have fetched a key set without it last. */
const LEARNING_MS = 60_000;

/** A retiring key goes this long after the last token that it signed has expired, for clocks that are behind. */
const FAREWELL_MS = 300_000;

/** When keys change, in milliseconds. */
export interface KeySchedule {
  /** The age at which the active key is replaced; infinite when it never is. */
  maxAge: number;
  /** How long a key is published before it signs: until then a verifier may hold a key set that lacks it. */
  publication: number;
}

export const scheduleOf = ({ SIGNING_KEY_MAX_AGE, JWKS_MAX_AGE }: AppConfig): KeySchedule => ({
  maxAge: SIGNING_KEY_MAX_AGE > 0 ? SIGNING_KEY_MAX_AGE * 1000 : Number.POSITIVE_INFINITY,
  publication: JWKS_MAX_AGE * 1000 + LEARNING_MS,
});

/** What is to be done with the keys now. */
export interface DueSteps {
  /** Retiring keys of which no token can be good any more. */
  over: SigningKey[];
  /** Whether a next key is to be made: the active one will be over its age when that one may sign. */
  isNextNeeded: boolean;
  /** The next key, when it has been published long enough to sign. */
  ripe: SigningKey | null;
}

/** When a next key may sign, in milliseconds since 1970. */
export const ripeAt = ({ stateSince }: SigningKey, { publication }: KeySchedule): number =>
  stateSince.getTime() + publication;

/**
 * What the keys' states and ages ask for. A next key signs as soon as it may, whoever made it: one that age made was
 * made early by just that time, and one that an operator made is wanted now.
 */
export function dueSteps(keys: readonly SigningKey[], now: Date, schedule: KeySchedule): DueSteps {
  const time = now.getTime();
  const active = keys.find(({ state }) => state === 'active');
  const next = keys.find(({ state }) => state === 'next');
  const replaceAt = active ? active.stateSince.getTime() + schedule.maxAge : Number.POSITIVE_INFINITY;
  return {
    over: keys.filter((key) => isOver(key, time - FAREWELL_MS)),
    isNextNeeded: !next && time >= replaceAt - schedule.publication,
    ripe: next && time >= ripeAt(next, schedule) ? next : null,
  };
}

const isOver = ({ state, verifiesUntil }: SigningKey, time: number): boolean =>
  state === 'retiring' && verifiesUntil !== null && verifiesUntil.getTime() <= time;
