import { ServiceUnavailableError } from './errors/app-error.js';

interface Limits {
  /** So much of one name goes on at the same time. */
  atWork: number;
  /** Milliseconds that anybody waits for a turn; without it, for as long as it takes. */
  patience?: number;
}

interface Line {
  atWork: number;
  waiting: (() => void)[];
}

/**
 * Lets work that would only get in its own way wait here, in the order of its arrival: in the database, each would keep
 * a connection from those who need not wait.
 */
export class Turns {
  private readonly lines = new Map<string, Line>();

  constructor(private readonly limits: Limits) {}

  /** Does the work when its turn has come; 503 when that takes too long. */
  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const line = this.lines.get(name) ?? { atWork: 0, waiting: [] };
    this.lines.set(name, line);
    if (line.atWork < this.limits.atWork) line.atWork += 1;
    else await this.waitIn(line);
    try {
      return await work();
    } finally {
      const next = line.waiting.shift();
      if (next) next();
      else if (--line.atWork === 0) this.lines.delete(name);
    }
  }

  private async waitIn({ waiting }: Line): Promise<void> {
    const { patience } = this.limits;
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(new ServiceUnavailableError('Too many requests like this one wait for their turn'));
      };
      const timer = patience === undefined ? undefined : setTimeout(giveUp, patience);
      const go = (): void => {
        clearTimeout(timer);
        resolve();
      };
      waiting.push(go);
    });
  }
}
