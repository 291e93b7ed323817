import { Injectable } from '@nestjs/common';

/** How many wait together at most: what came first isn't to wait for all the others, nor the threads that verify. */
const MANY = 16;

/**
 * The end of the turn of the event loop in which it is waited for. What many do then, such as giving their answers,
 * they do in one go: whoever reads the answers is woken once, and not for each.
 */
@Injectable()
export class EndOfTurn {
  private waiting: (() => void)[] = [];

  /** Resolves once all that the turn brought has been looked at, or as soon as many wait for that. */
  reached(): Promise<void> {
    return new Promise((goOn) => {
      if (this.waiting.length === 0) setImmediate(this.reach);
      this.waiting.push(goOn);
      if (this.waiting.length === MANY) this.reach();
    });
  }

  private readonly reach = (): void => {
    const { waiting } = this;
    this.waiting = [];
    for (const goOn of waiting) goOn();
  };
}
