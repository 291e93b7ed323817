/** How long; or else how many requests, all connections together. */
export type Extent = { seconds: number } | { requests: number };

/** How much of everything a run does. */
export interface Extents {
  /** Many short ones tell more than few long ones: the machine's speed changes within seconds. */
  rounds: number;
  /** Of one round of one scenario. */
  extent: Extent;
  /** Whether a first round does not count. */
  warmUp: boolean;
  /**
   * Megabytes of PostgreSQL's log that are written before and used again. A new server makes each file of 16 MB anew
   * while everybody waits for it; one that has run for a while has them.
   */
  log: number;
  /** Tokens that one round asks about for the first time. */
  coldTokens: number;
  /** Forged bearers that an address may send in a minute. */
  failures: number;
  /** Tokens that are there to be revoked in a round. */
  doomed: number;
  /** Tokens revoked on one replica and watched on another. */
  revocations: number;
  /** Verdicts that a replica is to remember when its memory is measured. */
  verdicts: number;
  /** How often a replica is started for its time to be ready, and again for its memory. */
  starts: number;
}

export const EXTENTS = {
  /** The figures that count. */
  full: {
    rounds: 14,
    extent: { seconds: 2 },
    warmUp: true,
    log: 1000,
    coldTokens: 9600,
    failures: 3000,
    doomed: 1200,
    revocations: 300,
    verdicts: 100_000,
    starts: 3,
  },
  /** About a minute, for a first look. */
  quick: {
    rounds: 3,
    extent: { seconds: 0.8 },
    warmUp: true,
    log: 200,
    coldTokens: 2560,
    failures: 3000,
    doomed: 600,
    revocations: 50,
    verdicts: 20_000,
    starts: 2,
  },
  /** Only whether answers are right; the figures say nothing. */
  check: {
    rounds: 1,
    extent: { requests: 128 },
    warmUp: false,
    log: 0,
    coldTokens: 256,
    failures: 100,
    doomed: 64,
    revocations: 3,
    verdicts: 200,
    starts: 1,
  },
} satisfies Record<string, Extents>;

export type PlanName = keyof typeof EXTENTS;
