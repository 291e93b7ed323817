import { setTimeout as delay } from 'node:timers/promises';
import { form } from './form.js';

/** Work that goes on beside the test, again and again, until it is told to end. */
export class Loops {
  isRunning = true;
  private isAbandoned = false;
  private readonly running = new Set<Promise<void>>();
  private failure: unknown;

  repeat(work: () => Promise<void>): void {
    const loop = async (): Promise<void> => {
      while (this.isRunning) {
        await work();
        await delay(form.pace);
      }
    };
    this.keep(loop());
  }

  /** Work that goes on by itself; the end waits for it, and tells of its failure. */
  keep(work: Promise<void>): void {
    const kept = work.catch((error: unknown) => (this.failure ??= error)).then(() => void this.running.delete(kept));
    this.running.add(kept);
  }

  /** Between two attempts. */
  async rest(): Promise<void> {
    if (this.isAbandoned) throw new Error('The load was given up');
    await delay(form.pace);
  }

  /** Lets everything come to its end that has begun. */
  async end(): Promise<void> {
    this.isRunning = false;
    await Promise.all(this.running);
    if (this.failure !== undefined) throw this.failure;
  }

  /** Gives up what goes on: nobody will answer any more. */
  abandon(): void {
    this.isRunning = false;
    this.isAbandoned = true;
  }
}
