import type { ServiceHealth } from '../health/service-health.js';

/** Who is told how the service does. */
export interface Watchers {
  health: ServiceHealth;
  managementPort: number;
}
