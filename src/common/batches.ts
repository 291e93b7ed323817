interface Waiting<Q, A> {
  question: Q;
  tell: (answer: A | PromiseLike<A>) => void;
  fail: (error: unknown) => void;
}

interface Limits {
  /** Batches under way at the same time. */
  underWay: number;
  /** Questions in one batch. */
  size: number;
  /** Milliseconds for which a batch that isn't full lets the one before it be under way alone; absent: none. */
  patience?: number;
}

/**
 * Answers the questions of many callers together. Nobody waits for company that has yet to come: what one turn of the
 * event loop brings leaves at its end while nothing is under way, and what comes meanwhile leaves together when the batch
 * before it is done, or when it is as much as may be, or when that has taken too long.
 */
export class Batches<Q, A> {
  private readonly waiting: Waiting<Q, A>[] = [];
  private readonly limits: Required<Limits>;
  private underWay = 0;
  private numUnanswered = 0;
  private timer: NodeJS.Timeout | undefined;
  private isGathering = false;

  constructor(
    /** Answers in the order of the questions; an answer that has yet to be found may be given as a promise. */
    private readonly answer: (questions: Q[]) => Promise<(A | PromiseLike<A>)[]>,
    limits: Limits,
  ) {
    this.limits = { patience: 0, ...limits };
  }

  /** Questions that wait, or are under way. */
  get unanswered(): number {
    return this.numUnanswered;
  }

  /** Fails when the batch does. */
  ask(question: Q): Promise<A> {
    this.numUnanswered += 1;
    return new Promise((tell, fail) => {
      this.waiting.push({ question, tell, fail });
      if (this.waiting.length >= this.limits.size) this.leave();
      else this.gather();
    });
  }

  private gather(): void {
    if (this.isGathering) return;
    this.isGathering = true;
    setImmediate(() => {
      this.isGathering = false;
      this.leave();
    });
  }

  private leave(): void {
    while (this.waiting.length > 0 && this.mayLeave()) void this.work();
    if (this.waiting.length > 0) this.watch();
  }

  private mayLeave(): boolean {
    return this.underWay === 0 || (this.underWay < this.limits.underWay && this.isWorthIt());
  }

  /** Many small batches beside each other cost more than few large ones after each other. */
  private isWorthIt(): boolean {
    return this.limits.patience === 0 || this.waiting.length >= this.limits.size;
  }

  /** Sees to it that a batch which is stuck keeps nobody else. */
  private watch(): void {
    const { patience, underWay } = this.limits;
    if (patience === 0 || this.timer || this.underWay >= underWay) return;
    this.timer = setTimeout(() => void this.work(), patience).unref();
  }

  private async work(): Promise<void> {
    this.underWay += 1;
    do {
      clearTimeout(this.timer);
      this.timer = undefined;
      await this.settle(this.waiting.splice(0, this.limits.size));
    } while (this.waiting.length > 0 && (this.underWay === 1 || this.isWorthIt()));
    this.underWay -= 1;
    if (this.waiting.length > 0) this.watch();
  }

  private async settle(batch: Waiting<Q, A>[]): Promise<void> {
    try {
      const answers = await this.answer(batch.map(({ question }) => question));
      if (answers.length !== batch.length) throw new Error(`${batch.length} questions got ${answers.length} answers`);
      answers.forEach((answer, index) => batch[index]?.tell(answer));
    } catch (error) {
      for (const { fail } of batch) fail(error);
    }
    this.numUnanswered -= batch.length;
  }
}
