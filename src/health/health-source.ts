/** One thing that has to hold for traffic to come; `problem` says what doesn't, and is null when all is well. */
export interface HealthCheck {
  name: string;
  problem: string | null;
}

export interface MetricsText {
  contentType: string;
  text: string;
}

/** What the management server tells of: this process, or, in one that has workers, all of them together. */
export abstract class HealthSource {
  /** Whether the start is over. */
  abstract readonly isStarted: boolean;

  /** Everything that has to hold for traffic to come. Never fails. */
  abstract readiness(): Promise<HealthCheck[]>;

  abstract metrics(): Promise<MetricsText>;
}
