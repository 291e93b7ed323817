import { Clock } from '../../src/common/clock.js';

/** Stands still until a test moves it. */
export class TestClock extends Clock {
  private time = Date.UTC(2026, 0, 1, 12, 0, 0);

  override now(): Date {
    return new Date(this.time);
  }

  override observe(): void {
    // The database's clock says nothing about a test's time.
  }

  /** Seconds; fractions count. */
  advance(seconds: number): void {
    this.time += seconds * 1000;
  }
}
