import type { Entry } from '../entries.js';
import { expectTrue } from '../wrong-answer.js';
import type { StatementPages } from './plans.js';

/** A tree of ten million entries is a level or two deeper than one of a hundred thousand, for each row that is looked up. */
const FACTOR = 1.5;

/** An update that finds no room on its row's page enters the row into every index anew. */
const SLACK = 24;

/** A handful for each of the rows that a statement looks up or enters: a dozen at most, and twenty that a list shows. */
const MOST = 64;
const MOST_OF_LIST = 160;

/** The pages that each hot statement touches at the largest size: a handful, and no more for more tokens. */
export function pageEntries(smallest: readonly StatementPages[], largest: readonly StatementPages[]): Entry[] {
  return largest.map(({ deed, statement, pages, scans }) => {
    expectTrue(scans.length === 0, `${deed} reads all of ${scans.join()}: ${statement}`);
    const base = smallest.find((other) => other.deed === deed && other.statement === statement)?.pages;
    const cap = deed === 'list' ? MOST_OF_LIST : MOST;
    const bar = base === undefined ? cap : Math.min(cap, base * FACTOR + SLACK);
    return {
      name: `${deed}: ${statement}`,
      value: pages,
      unit: 'pages',
      lowest: pages,
      highest: pages,
      bar,
      owed: `≤ ${bar.toFixed(0)}; ${base ?? 'not told'} at the smallest`,
      ratio: pages / bar,
      met: pages <= bar,
    };
  });
}
