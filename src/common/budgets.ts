import type { LRUCache } from 'lru-cache';
import { leastRecent } from './least-recent.js';

const MINUTE_MS = 60_000;

/** A reading of the clock that is earlier than the last by no more milliseconds is of a request that took so long. */
const LONGEST_REQUEST_MS = 15 * MINUTE_MS;

/** What is left to one, and when that was told. It fills up again evenly, within a minute. */
interface Budget {
  left: number;
  /** Milliseconds since 1970. */
  at: number;
}

/** What came of taking one, and how the budget stands after it. */
export interface Taken {
  /** Seconds until there is one; null when there was. */
  wait: number | null;
  /** Whole ones that are left. */
  left: number;
  /** Seconds until the budget is full again. */
  fullIn: number;
}

/**
 * Budgets of so many a minute for each of many, such as addresses. A token bucket for each: it costs one look-up in
 * memory, no timer and no wait. The least recently seen are forgotten beyond `most`, and then have all of it again.
 */
export class Budgets {
  private readonly budgets: LRUCache<string, Budget>;

  constructor(
    readonly perMinute: number,
    most: number,
  ) {
    this.budgets = leastRecent(most);
  }

  /** Takes one, if there is one left. */
  take(name: string, now: Date): Taken {
    const budget = this.upToDate(name, now);
    const wait = this.waitOf(budget);
    if (wait === null) budget.left -= 1;
    const left = Math.max(0, Math.floor(budget.left));
    return { wait, left, fullIn: Math.ceil(((this.perMinute - budget.left) * 60) / this.perMinute) };
  }

  /** Seconds until there is one left; null when there is. */
  wait(name: string, now: Date): number | null {
    return this.budgets.has(name) ? this.waitOf(this.upToDate(name, now)) : null;
  }

  /** Takes one, whether there is one left or not: what follows waits for longer. */
  spend(name: string, now: Date): void {
    this.upToDate(name, now).left -= 1;
  }

  private waitOf({ left }: Budget): number | null {
    return left >= 1 ? null : Math.max(1, Math.ceil(((1 - left) * 60) / this.perMinute));
  }

  /**
   * A clock that went back gives nothing and takes nothing. Nor does a request that came before the last one and is
   * judged after it: if time went back with it, the time between the two would be given once more.
   */
  private upToDate(name: string, now: Date): Budget {
    const at = now.getTime();
    const budget = this.budgets.get(name);
    if (!budget) return this.begin(name, at);
    const passed = at - budget.at;
    if (passed < 0 && passed >= -LONGEST_REQUEST_MS) return budget;
    budget.left = Math.min(this.perMinute, budget.left + (Math.max(0, passed) * this.perMinute) / MINUTE_MS);
    budget.at = at;
    return budget;
  }

  private begin(name: string, at: number): Budget {
    const budget = { left: this.perMinute, at };
    this.budgets.set(name, budget);
    return budget;
  }
}
