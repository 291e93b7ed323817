import { AggregatorRegistry } from 'prom-client';
import type { MetricsSnapshot } from './metrics.js';

/**
 * The numbers of several processes as one. What a process has counted stays in the sum when it ends, as last heard, for
 * a sum of counters that goes back looks to Prometheus as if all of them had begun anew.
 */
export class MergedMetrics {
  private readonly heard = new Map<number, MetricsSnapshot>();
  private ofEnded: MetricsSnapshot = [];

  /** Takes what the process of that number says now. Of one that says nothing, what it has counted stands as last heard. */
  hear(number: number, snapshot: MetricsSnapshot | null): void {
    this.heard.set(number, snapshot ?? countsOf(this.heard.get(number) ?? []));
  }

  /** The process of that number is no more; another may come in its place. */
  end(number: number): void {
    const counted = countsOf(this.heard.get(number) ?? []);
    this.heard.delete(number);
    this.ofEnded = add([this.ofEnded, counted]).getMetricsAsArray() as MetricsSnapshot;
  }

  /** Everything, as Prometheus reads it, with what this process has to say. */
  text(own: MetricsSnapshot): Promise<string> {
    return add([...this.heard.values(), this.ofEnded, own]).metrics();
  }
}

const add = (snapshots: MetricsSnapshot[]) => AggregatorRegistry.aggregate(snapshots);

/** What only grows. */
const countsOf = (snapshot: MetricsSnapshot): MetricsSnapshot =>
  snapshot.filter(({ type }) => ['counter', 'histogram'].includes(String(type)));
