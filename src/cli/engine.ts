import { constants, type NodeGCPerformanceDetail, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

/** Up to this many bytes the heap may grow before V8 collects all of it, whatever lives in it. */
const ROOM = 70_000_000;
/** The least that it may grow by, in percent of what lives: with less, V8 would do little else. */
const LEAST_GROWTH = 20;
/** The most, for a heap that is about to be filled by the start. */
const MOST_GROWTH = 100;

/**
 * By themselves, V8's heuristics have a service like this one take twice the memory and some more time.
 * Pretenuring: what once lived for long where it was made is then always made in the old generation. A request that
 * waits for PostgreSQL lives for long, and from there it keeps alive whatever it was answered with.
 * Growth: with less of that garbage, the old generation needs little room beyond what lives in it. But each full
 * collection holds up all requests that are under way, so a small heap may take the room that a full one has.
 *
 * Called as the process starts: what V8 makes of it holds from the next full collection on, and after that of the start
 * the next may be minutes away, and the heap twice as large.
 */
export function tuneEngine(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
  boundGrowth();
  new PerformanceObserver((list) => {
    if (list.getEntries().some((entry) => kindOf(entry) === constants.NODE_PERFORMANCE_GC_MAJOR)) boundGrowth();
  }).observe({ entryTypes: ['gc'] });
}

/** Of a collection: whether of all, of the young, or a step of one. */
const kindOf = (entry: PerformanceEntry): number | undefined =>
  (entry as PerformanceEntry & { detail: NodeGCPerformanceDetail }).detail.kind;

function boundGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${growthInPercent(getHeapStatistics().used_heap_size)}`);
}

/** By how many percent a heap may grow, of which so many bytes live, until all of it is collected. */
export function growthInPercent(living: number): number {
  const missing = Math.round(100 * (ROOM / living - 1));
  return Math.min(Math.max(missing, LEAST_GROWTH), MOST_GROWTH);
}
