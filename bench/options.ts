import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EXTENTS, type Extents, type PlanName } from './plan.js';

const USAGE = `usage: npm run bench -- [--quick | --check] [--only <text>] [--profile <directory>] [--out <file>]

  --quick   about a minute, for a first look
  --check   only whether answers are right; some twenty seconds, and no figures
  --only    only scenarios whose name has the text in it, and what they are held against
  --profile a directory for CPU profiles of the replica that is measured
  --out     where the results go (bench/results.json; bench/results.quick.json, if not a full run without --only and
            --profile)`;

export interface BenchOptions {
  plan: PlanName;
  extents: Extents;
  only: string;
  /** Options of Node for the replica that is measured. */
  nodeOptions: string[];
  out: string;
}

/** Reads the command line; undefined when it asks for help or can't be understood, which is told then. */
export function readOptions(args: string[]): BenchOptions | undefined {
  try {
    const { values } = parseArgs({
      args,
      options: {
        quick: { type: 'boolean' },
        check: { type: 'boolean' },
        only: { type: 'string', default: '' },
        out: { type: 'string' },
        profile: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help !== true) {
      const plan = values.check === true ? 'check' : values.quick === true ? 'quick' : 'full';
      const isWhole = plan === 'full' && values.only === '' && values.profile === undefined;
      const out = values.out ?? `bench/results${isWhole ? '' : '.quick'}.json`;
      const nodeOptions =
        values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(values.profile)}`];
      return { plan, extents: EXTENTS[plan], only: values.only, nodeOptions, out };
    }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 2;
  }
  process.stderr.write(`${USAGE}\n`);
  return undefined;
}
