import { Clock } from '../../src/common/clock.js';

/** Stands still until a test moves it. */
export class TestClock extends Clock {
  private time = Date.UTC(2026, 0, 1, 12, 0, 0);

  override now(): Date {
    return new Date(this.time);
  }

  private heldAt: number | null = null;
  private monotonicShift = 0;
  private wallShift = 0;

  override monotonic(): number {
    return (this.heldAt ?? super.monotonic()) + this.monotonicShift;
  }

  override wall(): number {
    return super.wall() + this.wallShift;
  }

  override observe(): void {
    // The database's clock says nothing about a test's time.
  }

  /** From here on, the machine's monotonic clock too stands still, at a whole millisecond, until a test moves it. */
  hold(): void {
    this.heldAt = Math.ceil(super.monotonic());
  }

  /** Lets both of the machine's clocks go on by so many milliseconds, as when a process was stopped. */
  pass(milliseconds: number): void {
    this.monotonicShift += milliseconds;
    this.wallShift += milliseconds;
  }

  /** Sets the machine's wall clock, in milliseconds forward or back; the other clock knows nothing of it. */
  setWall(milliseconds: number): void {
    this.wallShift += milliseconds;
  }

  /** Seconds; fractions count. */
  advance(seconds: number): void {
    this.time += seconds * 1000;
  }
}
