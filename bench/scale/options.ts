import { parseArgs } from 'node:util';
import { doomedOf } from './filled-tokens.js';
import { MOST_TRIED } from './plans.js';

const USAGE = `usage: npm run bench:scale -- [--sizes <n,n,…>] [--expired <n>] [--detached <n>] [--requests <n>] [--rounds <n>] [--out <file>]

  --sizes     tokens in each of the databases that are compared (100000,1000000,10000000)
  --expired   tokens that a clean-up removes under load (1000000)
  --detached  tokens of the identity that is detached (100000)
  --requests  of each deed in a round, and three times as many cold introspections (2000)
  --rounds    (9)
  --out       where the results go (bench/results.scale.json)`;

export interface ScaleOptions {
  /** Ascending. */
  sizes: number[];
  expired: number;
  detached: number;
  requests: number;
  rounds: number;
  out: string;
}

/** Reads the command line; undefined when it asks for help or can't be understood, which is told then. */
export function readScaleOptions(args: string[]): ScaleOptions | undefined {
  try {
    const { values } = parseArgs({
      args,
      options: {
        sizes: { type: 'string', default: '100000,1000000,10000000' },
        expired: { type: 'string', default: '1000000' },
        detached: { type: 'string', default: '100000' },
        requests: { type: 'string', default: '2000' },
        rounds: { type: 'string', default: '9' },
        out: { type: 'string', default: 'bench/results.scale.json' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const sizes = values.sizes
      .split(',')
      .map(count)
      .toSorted((one, other) => one - other);
    const [expired, detached] = [count(values.expired), count(values.detached)];
    const [requests, rounds] = [count(values.requests), count(values.rounds)];
    const doomed = doomedOf(sizes[0] ?? 0);
    if ((rounds + 1) * requests + MOST_TRIED > doomed) {
      throw new Error(`Of ${sizes[0]} tokens ${doomed} can be revoked: ask for fewer --requests or --rounds`);
    }
    if (values.help !== true) return { sizes, expired, detached, requests, rounds, out: values.out };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 2;
  }
  process.stderr.write(`${USAGE}\n`);
  return undefined;
}

function count(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`"${text}" is no count`);
}
