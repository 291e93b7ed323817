import type { HealthCheck } from './health-source.js';

/**
 * The readiness of several processes: a check holds where it holds for every one of them. One that doesn't answer, as
 * null, or isn't there is told of in a check of its own.
 */
export function worstOf(answers: readonly (HealthCheck[] | null)[], expected: number): HealthCheck[] {
  const answered = answers.filter((checks) => checks !== null);
  const problem = answered.length < expected ? `${answered.length} of ${expected} answer` : null;
  const worst = new Map<string, HealthCheck>([['workers', { name: 'workers', problem }]]);
  for (const check of answered.flat()) {
    const known = worst.get(check.name);
    worst.set(check.name, known?.problem == null ? check : known);
  }
  return [...worst.values()];
}
