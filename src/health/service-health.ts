import { type HealthCheck, HealthSource, type MetricsText } from './health-source.js';

/** What can be asked of the service once it is built. */
export type BuiltService = Pick<HealthSource, 'readiness' | 'metrics'>;

const NO_METRICS: MetricsText = { contentType: 'text/plain; charset=utf-8', text: '' };

/** How one process does, from before its service is built to its end. */
export class ServiceHealth extends HealthSource {
  private service: BuiltService | null = null;
  private isDraining = false;

  /** From here on, the service listens. */
  started(service: BuiltService): void {
    this.service = service;
  }

  /** From here on, no more traffic is to come. */
  drain(): void {
    this.isDraining = true;
  }

  override get isStarted(): boolean {
    return this.service !== null;
  }

  override async readiness(): Promise<HealthCheck[]> {
    if (!this.service) return [{ name: 'start', problem: 'the service is starting' }];
    if (this.isDraining) return [{ name: 'stop', problem: 'the service is stopping' }];
    return this.service.readiness();
  }

  override async metrics(): Promise<MetricsText> {
    return this.service ? this.service.metrics() : NO_METRICS;
  }
}
