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
 * Whole seconds that a renewal gives from now on: as at the mint, with what is left of the max TTL since the first
 * issue, which `secondsSinceIssue` tells with its fractions. 0 where less than one second is left.
 */
export function lifetimeAtRenewal(limits: LifetimeLimits, ceiling: number, secondsSinceIssue: number): number {
  const left = orEndless(limits.maxTtl) - secondsSinceIssue;
  return left < 1 ? 0 : Math.min(lifetimeAtMint(limits, ceiling), Math.ceil(left));
}

/** Whether a token's text is past its `exp` (RFC 7519, section 4.1.4), on which it is refused already. */
export const hasExpired = ({ exp }: { exp: number }, now: Date): boolean => exp * 1000 <= now.getTime();
