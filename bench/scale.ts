import { inspect } from 'node:util';
import { Closing } from './closing.js';
import { findServer } from './database.js';
import { entryOf, type Entry } from './entries.js';
import { circumstances, describe, table, writeResults } from './report.js';
import { cleanUp } from './scale/clean-up.js';
import { compare, measureSites, type SiteRounds } from './scale/comparison.js';
import { detach } from './scale/detach.js';
import { readScaleOptions, type ScaleOptions } from './scale/options.js';
import { pageEntries } from './scale/page-entries.js';
import { readPlans } from './scale/plans.js';
import { openSite, type Site } from './scale/site.js';
import { WrongAnswerError } from './wrong-answer.js';

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

const startOf = ({ size, replica }: Site): Entry => {
  const entry = entryOf({ name: 'start to ready', unit: 'ms', values: [replica.readyAfter] });
  return { ...entry, name: `${entry.name}, at ${size}` };
};

async function scale(options: ScaleOptions, closing: Closing): Promise<void> {
  const server = await findServer(closing);
  const sites: Site[] = [];
  for (const size of options.sizes) {
    const startedAt = performance.now();
    sites.push(await openSite(server, size, closing));
    tell(`filled ${size} tokens in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  }
  const [smallest] = sites;
  const largest = sites.at(-1);
  if (!smallest || !largest) return;
  const about = circumstances('scale', largest.database.version, 'none');
  const rounds: SiteRounds = await measureSites(sites, options, tell);
  const entries: Entry[] = [...sites.map(startOf), ...compare(sites, rounds)];
  entries.push(...pageEntries(await readPlans(smallest), await readPlans(largest)));
  entries.push(...(await detach(sites, options.detached)));
  tell(`removing ${options.expired} expired tokens under load`);
  entries.push(...(await cleanUp(largest, options)).map(entryOf));
  process.stdout.write(`\n${describe(about)}\n\n${table(entries)}\n`);
  await writeResults(options.out, about, entries);
}

const given = readScaleOptions(process.argv.slice(2));
if (given) {
  const closing = new Closing();
  try {
    await scale(given, closing);
  } catch (error) {
    if (!closing.isClosing) tell(error instanceof WrongAnswerError ? String(error) : inspect(error));
    process.exitCode = 1;
  } finally {
    await closing.close();
  }
}
