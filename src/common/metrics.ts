import { Injectable } from '@nestjs/common';
import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';

const PREFIX = 'token_auth_';

/** What a gauge says when it is read: a number, or one for each value of its label. */
type Reading = number | Record<string, number>;

/** What the gauges of several processes make together. Counters and histograms always add up. */
type Together = 'sum' | 'max' | 'min';

/** Counts what happens with every request. To count costs next to nothing; it is told when somebody reads. */
export class Tally {
  private untold = 0;

  inc(): void {
    this.untold += 1;
  }

  /** What was counted since the last call. */
  take(): number {
    const { untold } = this;
    this.untold = 0;
    return untold;
  }
}

/** All numbers of one process, for another one that adds them up. */
export type MetricsSnapshot = MetricObjectWithValues<MetricValue<string>>[];

/**
 * The numbers of one service, each made once, where it is counted. They hold no caller's text: labels take their
 * values from the code alone.
 */
@Injectable()
export class Metrics {
  private readonly registry = new Registry();

  counter<L extends string = never>(name: string, help: string, labelNames: L[] = []): Counter<L> {
    return new Counter({ name: PREFIX + name, help, labelNames, registers: [this.registry] });
  }

  /**
   * A counter whose numbers, one for each set of labels, are counted by tallies. Each is to be asked for once, and kept:
   * it is told from then on, as 0 before anything was counted.
   */
  tallies<L extends string = never>(name: string, help: string, labelNames: L[] = []) {
    const tallies: [Record<L, string>, Tally][] = [];
    const counter = new Counter({
      name: PREFIX + name,
      help,
      labelNames,
      registers: [],
      collect() {
        for (const [labels, tally] of tallies) this.inc(labels, tally.take());
      },
    });
    this.registry.registerMetric(counter);
    return (labels: Record<L, string>): Tally => {
      const tally = new Tally();
      tallies.push([labels, tally]);
      return tally;
    };
  }

  histogram<L extends string>(name: string, help: string, labelNames: L[], buckets: number[]): Histogram<L> {
    return new Histogram({ name: PREFIX + name, help, labelNames, buckets, registers: [this.registry] });
  }

  /** A number that is set when it changes. */
  gauge<L extends string = never>(name: string, help: string, together: Together, labelNames: L[] = []): Gauge<L> {
    return new Gauge({ name: PREFIX + name, help, labelNames, aggregator: together, registers: [this.registry] });
  }

  /** A number that is read when somebody asks. */
  reading(
    name: string,
    help: string,
    together: Together,
    read: () => Reading | Promise<Reading>,
    label?: string,
  ): void {
    const gauge = new Gauge({
      name: PREFIX + name,
      help,
      labelNames: label === undefined ? [] : [label],
      aggregator: together,
      registers: [this.registry],
      collect: async () => {
        const values = await read();
        if (typeof values === 'number') gauge.set(values);
        else for (const [value, number] of Object.entries(values)) gauge.set({ [label ?? '']: value }, number);
      },
    });
  }

  /** Adds what is to be said of the process as a whole. Once a process: it has one event loop and one heap. */
  watchProcess(version: string): void {
    collectDefaultMetrics({ register: this.registry });
    this.gauge('build_info', 'Always 1; the labels say what runs', 'max', ['version', 'node']).set(
      { version, node: process.version },
      1,
    );
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** Everything, as Prometheus reads it. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  snapshot(): Promise<MetricsSnapshot> {
    return this.registry.getMetricsAsJSON();
  }
}
