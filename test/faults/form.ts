interface Form {
  name: 'short' | 'long';
  /** How often each fault is tried. */
  rounds: number;
  /** Faults that are tried in the long form only, since another one is much like them. */
  leavesOut: readonly string[];
  /** No count may rest on fewer decisions. */
  floor: number;
  /** So many times, another replica's first refusal is to be seen while nothing is wrong. */
  undisturbed: number;
  /** Seconds that the load may go on after the faults until each count has as many. */
  patience: number;
  /** Milliseconds that each of the load's loops rests between two requests. */
  pace: number;
  /** So many times a replica is replaced by another one under load. */
  restarts: number;
  /** Seconds that a replica stays with the old primary after a failover. */
  secondsBehind: number;
}

/** The short form goes with all other tests; a floor of its size only shows that every count was tried at all. */
const SHORT: Form = {
  name: 'short',
  rounds: 1,
  leavesOut: ['hold one verification read for 5 s', 'restart PostgreSQL', 'restore a copy of the data directory'],
  floor: 50,
  undisturbed: 20,
  patience: 30,
  pace: 60,
  restarts: 1,
  secondsBehind: 2,
};

const LONG: Form = {
  name: 'long',
  rounds: 3,
  leavesOut: [],
  floor: 1000,
  undisturbed: 1000,
  patience: 300,
  pace: 10,
  restarts: 10,
  secondsBehind: 8,
};

/** `npm run test:faults` asks for the long one. */
export const form: Form = (globalThis as { faultsForm?: string }).faultsForm === 'long' ? LONG : SHORT;
