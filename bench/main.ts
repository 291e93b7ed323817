import { Closing } from './closing.js';
import { entriesOf } from './entries.js';
import { type BenchOptions, readOptions } from './options.js';
import { circumstances, describe, table, writeResults } from './report.js';
import { measureInTurn } from './rounds.js';
import type { Scenario, Stage } from './scenario.js';
import { floors } from './scenarios/floors.js';
import { introspections } from './scenarios/introspect.js';
import { mints } from './scenarios/mint.js';
import { reads } from './scenarios/read.js';
import { openStage } from './stage.js';

/** What is compared stands side by side in every round. */
const scenariosOf = async (stage: Stage): Promise<Scenario[]> => [
  ...floors(stage),
  ...mints(stage),
  ...(await introspections(stage)),
  ...reads(stage),
];

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

async function bench({ plan, extents, only, out }: BenchOptions, closing: Closing): Promise<void> {
  const stage = await openStage(extents, closing);
  const about = circumstances(plan, stage.database.version, stage.pgbench.means);
  tell(describe(about));
  const floorNames = new Set(floors(stage).map(({ name }) => name));
  const scenarios = (await scenariosOf(stage)).filter(({ name }) => floorNames.has(name) || name.includes(only));
  const rounds = await measureInTurn(scenarios, extents, tell);
  if (plan === 'check') return tell('All answers are right.');
  const entries = scenarios.flatMap((scenario) => entriesOf(scenario, rounds));
  process.stdout.write(`\n${describe(about)}\n\n${table(entries)}\n`);
  await writeResults(out, about, entries);
}

const options = readOptions(process.argv.slice(2));
if (options) {
  const closing = new Closing();
  try {
    await bench(options, closing);
  } catch (error) {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  } finally {
    await closing.close();
  }
}
