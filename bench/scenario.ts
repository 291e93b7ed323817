import type { ChildServer } from './child-server.js';
import type { BenchDatabase } from './database.js';
import type { PgbenchFloor } from './floors/pgbench.js';
import type { Extents } from './plan.js';
import type { ServiceSetting } from './service.js';
import type { World } from './world.js';

/** What one round of a scenario gave. */
export interface Sample {
  /** Per second. */
  rate: number;
  /** Milliseconds. */
  average?: number;
  p99?: number;
  /** Microseconds of a core that the server's process took for each answer. */
  cpu?: number | undefined;
}

/** Something that is measured in rounds, in turn with all others. */
export interface Scenario {
  name: string;
  unit: string;
  /** One round. Fails when an answer is not right. */
  measure: () => Promise<Sample>;
}

/** Something that is not a rate and has no rounds: a time, a size. */
export interface Figure {
  name: string;
  unit: string;
  /** All that was seen; the median counts. */
  values: number[];
}

/** All that runs while scenarios are measured. */
export interface Stage {
  database: BenchDatabase;
  setting: ServiceSetting;
  world: World;
  extents: Extents;
  /** The replica that is measured. */
  replica: ChildServer;
  /** Another one on the same database, which believes what a proxy says of a client's address. */
  other: ChildServer;
  bareFastify: ChildServer;
  bareNest: ChildServer;
  pgbench: PgbenchFloor;
}
