import { LRUCache } from 'lru-cache';

/**
 * What was used last, at most so much of it. Takes memory only for what it holds: a cache that is given its size as
 * `max` takes it for all that it might hold, at once.
 */
export const leastRecent = <V extends object | number>(most: number): LRUCache<string, V> =>
  new LRUCache({ maxSize: most, sizeCalculation: () => 1 });
