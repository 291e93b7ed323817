import type { Entry } from '../entries.js';
import type { Sample } from '../scenario.js';
import { median } from '../statistics.js';
import { DEEDS } from './deeds.js';
import type { ScaleOptions } from './options.js';
import type { Site } from './site.js';

/** What something may take at the largest size, against the smallest. */
const BAR = 1.2;

/** The rounds of each deed at each size, by the name that `keyOf` gives. */
export type SiteRounds = Map<string, Sample[]>;

const keyOf = (deed: string, size: number): string => `${deed}, at ${size}`;

/** Does every deed at every size in turn; a first turn does not count. */
export async function measureSites(
  sites: readonly Site[],
  { requests, rounds }: ScaleOptions,
  tell: (line: string) => void,
): Promise<SiteRounds> {
  const found: SiteRounds = new Map();
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, measure } of DEEDS) {
      for (const site of inTurn(sites, round)) {
        const key = keyOf(name, site.size);
        const sample = await measure(site, requests);
        if (round > 0) found.set(key, [...(found.get(key) ?? []), sample]);
        tell(`round ${round}  ${key}: p99 ${sample.p99?.toFixed(1)} ms, ${sample.rate.toFixed(0)}/s`);
      }
    }
  }
  return found;
}

/** What is compared stands side by side, and comes first by turns: what else the machine does meets both alike. */
export function inTurn(sites: readonly Site[], round: number): Site[] {
  const [smallest, ...others] = sites;
  const [largest, ...between] = others.toReversed();
  const compared = [smallest, largest].filter((site) => site !== undefined);
  return [...(round % 2 === 0 ? compared : compared.toReversed()), ...between];
}

/** The p99 of every deed at every size; the largest is held against the smallest. */
export function compare(sites: readonly Site[], rounds: SiteRounds): Entry[] {
  return DEEDS.flatMap(({ name }) => {
    const timesAt = ({ size }: Site) => (rounds.get(keyOf(name, size)) ?? []).map(({ p99 }) => p99 ?? Number.NaN);
    return entriesAt(sites, ({ size }) => `${keyOf(name, size)}, p99`, timesAt);
  });
}

/** Times that were taken in turn at every size, by round. */
export function entriesAt(
  sites: readonly Site[],
  nameOf: (site: Site) => string,
  timesOf: (site: Site) => readonly number[],
): Entry[] {
  const [smallest] = sites;
  const largest = sites.at(-1);
  const base = smallest ? timesOf(smallest) : [];
  return sites.map((site) => {
    const times = timesOf(site);
    const ratio = median(times.map((time, round) => time / (base[round] ?? Number.NaN)));
    const isJudged = site === largest && site !== smallest;
    return {
      name: nameOf(site),
      value: median(times),
      unit: 'ms',
      lowest: Math.min(...times),
      highest: Math.max(...times),
      bar: isJudged ? BAR : null,
      owed: isJudged ? `≤ ${BAR} × at ${smallest?.size}` : null,
      ratio: site === smallest ? null : ratio,
      met: isJudged ? ratio <= BAR : null,
    };
  });
}
