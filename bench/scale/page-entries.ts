import type { Entry } from '../entries.js';
import { expectTrue } from '../wrong-answer.js';
import type { StatementPages } from './plans.js';

/** A tree of ten million entries is a level or two deeper than one of a hundred thousand, for each row that is looked up. */
const FACTOR = 1.5;

/** An update that finds no room on its row's page enters the row into every index anew. */
const SLACK = 24;

/** The pages that each hot statement touches, at the largest size against the smallest: no more for more tokens. */
export function pageEntries(smallest: readonly StatementPages[], largest: readonly StatementPages[]): Entry[] {
  return largest.map(({ deed, statement, pages, scans }, index) => {
    expectTrue(scans.length === 0, `${deed} reads all of ${scans.join()}: ${statement}`);
    const same = smallest.find((other) => other.deed === deed && other.statement === statement) ?? smallest[index];
    const base = same?.pages ?? pages;
    const most = base * FACTOR + SLACK;
    return {
      name: `${deed}: ${statement}`,
      value: pages,
      unit: 'pages',
      lowest: pages,
      highest: pages,
      bar: most,
      owed: `≤ ${most.toFixed(0)}: ${FACTOR} × the smallest's ${base}, and ${SLACK}`,
      ratio: base === 0 ? null : pages / base,
      met: pages <= most,
    };
  });
}
