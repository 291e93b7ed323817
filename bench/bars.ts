import type { Sample } from './scenario.js';

export type Measure = 'rate' | 'p99' | 'cpu';

/** What a figure is held against: so many times another figure of the same run, or a value of its own. */
export interface Bar {
  scenario: string;
  measure: Measure;
  kind: 'at least' | 'at most';
  /** A multiple where there is something to multiply, else a value in the figure's own unit. */
  bar: number;
  of?: { scenario: string; measure: keyof Sample };
}

const FASTIFY = { scenario: 'bare Fastify', measure: 'rate' } as const;

const isAtLeast = (scenario: string, bar: number, of: Bar['of']): Bar => ({
  scenario,
  measure: 'rate',
  kind: 'at least',
  bar,
  of,
});

const takesAtMost = (scenario: string, bar: number, of: Bar['of']): Bar => ({
  scenario,
  measure: 'p99',
  kind: 'at most',
  bar,
  of,
});

const MINTS = ['mint, one caller', 'mint, 500 identities'];

/** What we owe. */
export const BARS: readonly Bar[] = [
  ...MINTS.map((name) => isAtLeast(name, 1, { scenario: 'pgbench', measure: 'rate' })),
  ...MINTS.map((name) => takesAtMost(name, 4, { scenario: 'pgbench', measure: 'average' })),
  isAtLeast('introspect, warm', 0.4, FASTIFY),
  takesAtMost('introspect, warm', 3, { scenario: 'bare Fastify', measure: 'p99' }),
  isAtLeast('introspect, cold', 0.15, FASTIFY),
  isAtLeast('management read', 0.15, FASTIFY),
];

/** The same for what has no rounds: at most so much, in the figure's own unit. */
export const FIGURE_BARS: Readonly<Record<string, number>> = {
  'revocation seen by another replica, p99': 50,
  'revocation seen by another replica, longest': 1000,
  'start to ready': 2000,
  'memory with 100 000 verdicts': 200,
  'table and indexes, refilled after clean-up against before': 1.1,
};
