import type { Extents } from './plan.js';
import type { Sample, Scenario } from './scenario.js';

/**
 * Measures all scenarios in turn, A B C A B C, so that whatever else the machine does meets all of them alike.
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
    for (const { name, unit, measure } of scenarios) {
      const sample = await measure();
      if (round > 0) rounds.get(name)?.push(sample);
      tell(`${round === 0 ? 'warm-up' : `round ${round}`}  ${name}: ${sample.rate.toFixed(0)} ${unit}`);
    }
  }
  return rounds;
}
