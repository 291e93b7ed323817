import { Metrics } from '../../src/common/metrics.js';
import type { TestApp } from './test-app.js';

/** What Prometheus would read of a service. */
export class MetricsOf {
  private constructor(readonly text: string) {}

  static async read(app: TestApp): Promise<MetricsOf> {
    return new MetricsOf(await app.nest.get(Metrics).text());
  }

  /** By way of the management port. */
  static async at(management: string): Promise<MetricsOf> {
    return new MetricsOf(await (await fetch(`${management}/metrics`)).text());
  }

  /** The sum of all series of that name that have these labels. */
  sum(name: string, labels: Record<string, string> = {}): number {
    return this.text
      .split('\n')
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .filter((line) => Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  /** Every name that a query can ask for. */
  get names(): Set<string> {
    const names = [...this.text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    );
    return new Set(names);
  }
}
