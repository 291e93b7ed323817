import { inspect } from 'node:util';
import { Closing } from './closing.js';
import { entriesOf, entryOf } from './entries.js';
import { type BenchOptions, readOptions } from './options.js';
import { circumstances, describe, table, writeResults } from './report.js';
import { measureInTurn } from './rounds.js';
import type { Figure, Scenario, Stage } from './scenario.js';
import { floods } from './scenarios/flood.js';
import { floors } from './scenarios/floors.js';
import { introspections } from './scenarios/introspect.js';
import { memory } from './scenarios/memory.js';
import { mints } from './scenarios/mint.js';
import { mixtures } from './scenarios/mixed.js';
import { propagation } from './scenarios/propagation.js';
import { reads } from './scenarios/read.js';
import { renewals } from './scenarios/renew.js';
import { starts } from './scenarios/start.js';
import { uses } from './scenarios/uses.js';
import { openStage } from './stage.js';
import { WrongAnswerError } from './wrong-answer.js';

/** What is compared stands side by side in every round: the machine's speed changes within seconds. */
async function scenariosOf(stage: Stage, only: string): Promise<Scenario[]> {
  const { servers, transactions } = floors(stage);
  const { byOne, byMany } = mints(stage);
  const all = [
    byOne,
    transactions,
    byMany,
    ...reads(stage),
    ...servers,
    ...(await introspections(stage)),
    ...(await renewals(stage)),
    ...(await uses(stage)),
    ...floods(stage),
    ...mixtures(stage),
  ];
  const always = new Set([transactions, ...servers]);
  return all.filter((scenario) => always.has(scenario) || scenario.name.includes(only));
}

/** By the beginning of their names. */
const FIGURES = { 'revocation seen by another replica': propagation, 'start to ready': starts, memory };

async function figuresOf(stage: Stage, only: string): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [name, measure] of Object.entries(FIGURES)) {
    if (name.includes(only)) figures.push(...(await measure(stage)));
  }
  return figures;
}

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

async function bench(options: BenchOptions, closing: Closing): Promise<void> {
  const { plan, extents, only, out } = options;
  const stage = await openStage(options, closing);
  const about = circumstances(plan, stage.database.version, stage.pgbench.means);
  tell(describe(about));
  const scenarios = await scenariosOf(stage, only);
  const rounds = await measureInTurn(scenarios, extents, plan === 'check' ? () => undefined : tell);
  const figures = await figuresOf(stage, only);
  if (plan === 'check') return tell(`All answers of ${scenarios.length} scenarios are right.`);
  const entries = [...scenarios.flatMap((scenario) => entriesOf(scenario, rounds)), ...figures.map(entryOf)];
  process.stdout.write(`\n${describe(about)}\n\n${table(entries)}\n`);
  await writeResults(out, about, entries);
}

const given = readOptions(process.argv.slice(2));
if (given) {
  const closing = new Closing();
  try {
    await bench(given, closing);
  } catch (error) {
    if (!closing.isClosing) tell(error instanceof WrongAnswerError ? String(error) : inspect(error));
    process.exitCode = 1;
  } finally {
    await closing.close();
  }
}
