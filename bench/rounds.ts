import type { Extents } from './plan.js';
import type { Sample, Scenario } from './scenario.js';

/**
 * Measures all scenarios in turn, A B C C B A, so that whatever else the machine does meets all of them alike, and so
 * that none always has the same one before it: what that leaves PostgreSQL to write is paid by whoever comes next.
 * A first turn that does not count lets compilers, caches and connections settle.
 */
export async function measureInTurn(
  scenarios: readonly Scenario[],
  extents: Extents,
  tell: (line: string) => void,
): Promise<Map<string, Sample[]>> {
  const rounds = new Map<string, Sample[]>(scenarios.map(({ name }) => [name, []]));
  const first = extents.warmUp ? 0 : 1;
  for (let round = first; round <= extents.rounds; round += 1) {
    for (const { name, unit, measure } of round % 2 === 0 ? scenarios : scenarios.toReversed()) {
      const sample = await measure();
      if (round > 0) rounds.get(name)?.push(sample);
      tell(`${round === 0 ? 'warm-up' : `round ${round}`}  ${name}: ${sample.rate.toFixed(0)} ${unit}`);
    }
  }
  return rounds;
}
