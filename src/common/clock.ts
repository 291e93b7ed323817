import { Injectable } from '@nestjs/common';

/** A moment on both of this machine's clocks. */
export interface Instant {
  /** Milliseconds on the clock that nobody can set. */
  readonly monotonic: number;
  /** Milliseconds since 1970 by the wall clock. */
  readonly wall: number;
}

/** A reading of the database's clock that is older than this round trip says too little. */
const MAX_ROUND_TRIP_MS = 250;

/**
 * The one source of time. It follows PostgreSQL's clock, which all replicas share: each reading of that clock sets
 * an anchor, and the machine's monotonic clock counts on from there. Tests replace it.
 */
@Injectable()
export class Clock {
  private anchor = Date.now();
  private anchoredAt = performance.now();
  private isAnchored = false;

  now(): Date {
    return new Date(this.anchor + performance.now() - this.anchoredAt);
  }

  /** Milliseconds on a clock that nobody can set; only differences mean anything. */
  monotonic(): number {
    return performance.now();
  }

  /** Milliseconds since 1970 as this machine has it; anybody may set it. */
  wall(): number {
    return Date.now();
  }

  /** This moment, to tell its age later. */
  instant(): Instant {
    return { monotonic: this.monotonic(), wall: this.wall() };
  }

  /**
   * Milliseconds since then, by whichever clock says more: the monotonic one stands still while a machine sleeps, the
   * other while somebody sets it back. A clock that went back says nothing: the age is infinite.
   */
  ageOf({ monotonic, wall }: Instant): number {
    const byMonotonic = this.monotonic() - monotonic;
    const byWall = this.wall() - wall;
    return byMonotonic < 0 || byWall < 0 ? Number.POSITIVE_INFINITY : Math.max(byMonotonic, byWall);
  }

  /** Takes in what PostgreSQL's clock said in answer to a question asked at `askedAt` (monotonic). */
  observe(databaseTime: Date, askedAt: number): void {
    const answeredAt = performance.now();
    const roundTrip = answeredAt - askedAt;
    if (this.isAnchored && roundTrip > MAX_ROUND_TRIP_MS) return;
    this.anchor = databaseTime.getTime() + roundTrip / 2;
    this.anchoredAt = answeredAt;
    this.isAnchored = true;
  }
}
