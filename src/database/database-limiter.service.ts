import { Injectable } from '@nestjs/common';
import { KeyedSemaphore } from '../common/keyed-semaphore.js';
import { Metrics } from '../common/metrics.js';
import { AppConfig } from '../config/app-config.js';
import { sharesOf } from './pool-shares.js';

/**
 * Kinds of database work that are limited apart from each other, so that a caller can still read while its changes
 * wait for a lock:
 * - `read`, `change`: a request that uses a connection of its own,
 * - `use`: the UPDATE that consumes a use of a limited token,
 * - `batch`: a request whose statements are shared with other requests.
 */
export type Work = 'read' | 'change' | 'use' | 'batch';

/** An identity in the organization that its token is scoped to. All of its tokens there share the limits. */
export interface LimitedCaller {
  identityId: string;
  organizationId: string;
}

/** Stands for the callers of a public route that takes no token: they share the limits. */
const NO_CALLER: LimitedCaller = { identityId: '', organizationId: '' };

/** Maximum of queued requests per caller and kind of work. */
const MAX_QUEUED = 1000;

/** Maximum time in a queue, in milliseconds; below the timeouts of usual HTTP clients. */
const QUEUE_TIMEOUT_MS = 10_000;

/** The key, and the label in metrics, of the limit over all callers. */
const ALL_CALLERS = 'all';

/**
 * Limits the concurrent database work per caller, so that one caller cannot take all connections of the pool. The
 * caller's other requests wait in FIFO order and hold no connection meanwhile. A request that waits for too long, or
 * finds the queue full, fails with 503.
 *
 * Calls of the kinds `read`, `change` and `use` must not be nested: they share the limit over all callers, so requests
 * that hold one slot and wait for another could block each other. Each of them may run inside a `batch`, or the other
 * way around.
 */
@Injectable()
export class DatabaseLimiter {
  private readonly byWork: Readonly<Record<Work, KeyedSemaphore>>;
  /** Over all callers, so that statements for batches always find connections. */
  private readonly unbatched: KeyedSemaphore;

  constructor(metrics: Metrics, { DATABASE_POOL_SIZE }: AppConfig) {
    const shares = sharesOf(DATABASE_POOL_SIZE);
    const semaphoreOf = semaphoreFactory(metrics);
    this.byWork = {
      read: semaphoreOf('read', shares.read),
      change: semaphoreOf('change', shares.change),
      use: semaphoreOf('use', shares.use),
      batch: semaphoreOf('batch', shares.batch),
    };
    this.unbatched = semaphoreOf(ALL_CALLERS, shares.unbatched);
    const semaphores = [...Object.values(this.byWork), this.unbatched];
    metrics.reading('database_queue_length', 'Requests that wait because of a limit of database work', 'sum', () =>
      semaphores.reduce((sum, { queued }) => sum + queued, 0),
    );
  }

  /** Runs `act`, which uses a connection of its own, when the limits allow. Throws 503 if that takes too long. */
  run<T>(work: Exclude<Work, 'batch'>, caller: LimitedCaller, act: () => Promise<T>): Promise<T> {
    return this.limitCaller(work, caller, () => this.limitAll(act));
  }

  /** Runs `act` when the limit of its caller allows. Throws 503 if that takes too long. */
  limitCaller<T>(work: Work, { identityId, organizationId }: LimitedCaller, act: () => Promise<T>): Promise<T> {
    return this.byWork[work].run(`${identityId} ${organizationId}`, act);
  }

  /** Runs `act`, which uses a connection of its own, when the limit over all callers allows. */
  limitAll<T>(act: () => Promise<T>): Promise<T> {
    return this.unbatched.run(ALL_CALLERS, act);
  }

  /** Runs `act` for a request to a public route that takes no token. */
  runWithoutCaller<T>(act: () => Promise<T>): Promise<T> {
    return this.run('change', NO_CALLER, act);
  }
}

/** Creates semaphores that count what they queue and reject. */
function semaphoreFactory(metrics: Metrics) {
  const queued = metrics.counter('database_queued_total', 'Requests that waited because of a limit of database work', [
    'work',
  ]);
  const rejected = metrics.counter(
    'database_queue_rejections_total',
    'Requests that failed because they waited too long or the queue was full',
    ['work'],
  );
  return (work: string, maxConcurrent: number): KeyedSemaphore => {
    queued.inc({ work }, 0);
    rejected.inc({ work }, 0);
    return new KeyedSemaphore({
      maxConcurrent,
      maxQueued: work === ALL_CALLERS ? undefined : MAX_QUEUED,
      timeoutMs: QUEUE_TIMEOUT_MS,
      onQueue: () => queued.inc({ work }),
      onReject: () => rejected.inc({ work }),
    });
  };
}
