import { ServiceUnavailableError } from '../common/errors/app-error.js';

/** So many changes of one name go on at the same time. */
const MOST_AT_WORK = 4;

/** Milliseconds that a change waits for its turn. */
const PATIENCE_MS = 10_000;

interface Line {
  atWork: number;
  waiting: (() => void)[];
}

/**
 * Lets changes that have to follow one another in the database wait outside of it, in the order of their arrival: there,
 * each would keep a connection from those who need not wait.
 */
export class Turns {
  private readonly lines = new Map<string, Line>();

  /** Does the work when its turn has come; 503 when that takes too long. */
  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const line = this.lines.get(name) ?? { atWork: 0, waiting: [] };
    this.lines.set(name, line);
    if (line.atWork < MOST_AT_WORK) line.atWork += 1;
    else await waitIn(line);
    try {
      return await work();
    } finally {
      const next = line.waiting.shift();
      if (next) next();
      else if (--line.atWork === 0) this.lines.delete(name);
    }
  }
}

async function waitIn({ waiting }: Line): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = setTimeout(() => {
      waiting.splice(waiting.indexOf(go), 1);
      reject(new ServiceUnavailableError('Too many requests like this one wait for their turn'));
    }, PATIENCE_MS);
    const go = (): void => {
      clearTimeout(giveUp);
      resolve();
    };
    waiting.push(go);
  });
}
