import { type Bar, BARS, type Measure, FIGURE_BARS } from './bars.js';
import type { Figure, Sample, Scenario } from './scenario.js';
import { median } from './statistics.js';

/** One figure of a run, as `results.json` has it. */
export interface Entry {
  name: string;
  /** The median of the rounds. */
  value: number;
  unit: string;
  lowest: number;
  highest: number;
  /** Null where nothing is owed. */
  bar: number | null;
  /** The bar in words. */
  owed: string | null;
  /** Of the value to what it is held against: a figure of the same rounds, or else the bar itself. */
  ratio: number | null;
  met: boolean | null;
}

/** The rounds of every scenario, by its name. */
export type Rounds = ReadonlyMap<string, readonly Sample[]>;

const of = (rounds: Rounds, scenario: string, measure: keyof Sample): number[] =>
  (rounds.get(scenario) ?? []).map((sample) => sample[measure] ?? Number.NaN);

/** The figures of a scenario: how many per second, and how long the slowest in a hundred takes. */
export function entriesOf({ name, unit }: Scenario, rounds: Rounds): Entry[] {
  const entry = (measure: Measure, title: string, unitOfMeasure: string): Entry => {
    const values = of(rounds, name, measure);
    const bar = BARS.find((each) => each.scenario === name && each.measure === measure);
    return { ...figure(title, unitOfMeasure, values), ...judged(bar, values, rounds) };
  };
  const has = (measure: Measure): boolean => of(rounds, name, measure).every((value) => !Number.isNaN(value));
  return [
    entry('rate', name, unit),
    ...(has('p99') ? [entry('p99', `${name}, p99`, 'ms')] : []),
    ...(has('cpu') ? [entry('cpu', `${name}, CPU of the process`, 'µs')] : []),
  ];
}

/** A figure of its own. */
export function entryOf({ name, unit, values }: Figure): Entry {
  const bar = FIGURE_BARS[name] ?? null;
  const seen = figure(name, unit, values);
  if (bar === null) return { ...seen, bar, owed: null, ratio: null, met: null };
  return { ...seen, bar, owed: `≤ ${bar} ${unit}`, ratio: seen.value / bar, met: seen.value <= bar };
}

const figure = (name: string, unit: string, values: readonly number[]) => ({
  name,
  value: median(values),
  unit,
  lowest: Math.min(...values),
  highest: Math.max(...values),
});

type Judgement = Pick<Entry, 'bar' | 'owed' | 'ratio' | 'met'>;

/** Rounds are compared with what was measured beside them: what the machine did meanwhile speeds or slows both. */
function judged(bar: Bar | undefined, values: readonly number[], rounds: Rounds): Judgement {
  if (!bar?.of) return { bar: null, owed: null, ratio: null, met: null };
  const bases = of(rounds, bar.of.scenario, bar.of.measure);
  const ratio = median(values.map((value, round) => value / (bases[round] ?? Number.NaN)));
  const sign = bar.kind === 'at least' ? '≥' : '≤';
  const measure = bar.of.measure === 'rate' ? '' : ` (${bar.of.measure})`;
  return {
    bar: bar.bar,
    owed: `${sign} ${bar.bar} × ${bar.of.scenario}${measure}`,
    ratio,
    met: bar.kind === 'at least' ? ratio >= bar.bar : ratio <= bar.bar,
  };
}
