/** The share of the pool that each kind of work can use at the same time, in connections. */
export interface PoolShares {
  /** For background jobs. Requests cannot use these. */
  background: number;
  /** For requests. */
  requests: number;
  /** Per caller: reads that use a connection of their own. */
  read: number;
  /** Per caller: changes that use a connection of their own. */
  change: number;
  /** Per caller: uses of limited tokens. Their statements are short, and PostgreSQL flushes several commits at once. */
  use: number;
  /** Per caller: requests, not connections, whose statements are shared with other requests. */
  batch: number;
  /** Over all callers: work that uses a connection of its own. The rest is for the statements of batches. */
  unbatched: number;
}

/** Pools from this size on reserve a second connection for background jobs. */
const LARGE_POOL_SIZE = 8;

/** Fills as many statements as run at the same time. */
const MAX_BATCH = 128;
const BATCH_PER_CONNECTION = 5;

/** Divides DATABASE_POOL_SIZE, which is at least 2. */
export function sharesOf(poolSize: number): PoolShares {
  const background = poolSize < LARGE_POOL_SIZE ? 1 : 2;
  const requests = poolSize - background;
  const quarter = Math.max(1, Math.floor(requests / 4));
  return {
    background,
    requests,
    read: quarter,
    change: quarter,
    use: Math.max(1, Math.floor(requests / 2)),
    batch: Math.min(MAX_BATCH, BATCH_PER_CONNECTION * poolSize),
    unbatched: Math.max(1, requests - quarter),
  };
}
