/** The limits that a token was issued under. Seconds; 0 means no limit of that kind. */
export interface LifetimeLimits {
  ttl: number;
  maxTtl: number;
}

const orEndless = (seconds: number): number => (seconds > 0 ? seconds : Number.POSITIVE_INFINITY);

/** Seconds that a new token lives: the least of TTL, max TTL and the service's own ceiling. Always finite. */
export const lifetimeAtMint = ({ ttl, maxTtl }: LifetimeLimits, ceiling: number): number =>
  Math.min(orEndless(ttl), orEndless(maxTtl), ceiling);

/**
 * Seconds that a renewal gives from now on: as at the mint, with what is left of the max TTL since the first issue.
 * Less than 1 means that there is nothing left to give.
 */
export const lifetimeAtRenewal = (limits: LifetimeLimits, ceiling: number, secondsSinceIssue: number): number =>
  Math.min(lifetimeAtMint(limits, ceiling), orEndless(limits.maxTtl) - secondsSinceIssue);
