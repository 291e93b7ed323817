import type { Deeds } from './deeds.js';
import type { Load } from './load.js';
import { type CountName, COUNTS, type Oracle } from './oracle.js';

interface Found {
  oracle: Oracle;
  load: Load;
  deeds: Deeds;
}

/** Everything that a run has found out, for people. */
export function report(title: string, floor: number, { oracle, load, deeds }: Found): string {
  const counts = Object.entries(oracle.counts).map(
    ([name, { violations, decisions }]) =>
      `  ${COUNTS[name as CountName].padEnd(62)} ${String(violations).padStart(3)} of ${String(decisions).padStart(7)}`,
  );
  const statuses = [...deeds.statuses]
    .toSorted(([one], [other]) => one - other)
    .map(([status, times]) => `${status === 0 ? 'none' : status} × ${times}`);
  return [
    `${title}: violations of so many decisions (none may rest on fewer than ${floor})`,
    ...counts,
    `  answers: ${statuses.join(', ')}`,
    `  revocation refused by another replica, undisturbed: ${load.propagation.percentiles({ isDisturbed: false })}`,
    `  revocation refused by another replica, at a fault:  ${load.propagation.percentiles({ isDisturbed: true })}`,
    ...[...oracle.findings, ...deeds.surprises].map((finding) => `  ! ${finding}`),
    '',
  ].join('\n');
}
