/** Whether the two go together: a TTL above a max TTL would never be reached. 0 is no limit, on either side. */
export const isTtlAllowed = (ttl: number, maxTtl: number): boolean => maxTtl === 0 || ttl <= maxTtl;
