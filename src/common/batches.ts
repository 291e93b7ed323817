interface Waiting<Q, A> {
  question: Q;
  tell: (answer: A | PromiseLike<A>) => void;
  fail: (error: unknown) => void;
}

/**
 * Answers the questions of many callers together. Nobody waits for company: a question leaves at once while fewer
 * batches are under way than may be, and those that come meanwhile leave together when one of them is done.
 */
export class Batches<Q, A> {
  private readonly waiting: Waiting<Q, A>[] = [];
  private underWay = 0;

  constructor(
    /** Answers in the order of the questions; an answer that has yet to be found may be given as a promise. */
    private readonly answer: (questions: Q[]) => Promise<(A | PromiseLike<A>)[]>,
    private readonly limits: { underWay: number; size: number },
  ) {}

  /** Fails when the batch does. */
  async ask(question: Q): Promise<A> {
    return new Promise((tell, fail) => {
      this.waiting.push({ question, tell, fail });
      if (this.underWay < this.limits.underWay) void this.work();
    });
  }

  private async work(): Promise<void> {
    this.underWay += 1;
    while (this.waiting.length > 0) await this.settle(this.waiting.splice(0, this.limits.size));
    this.underWay -= 1;
  }

  private async settle(batch: Waiting<Q, A>[]): Promise<void> {
    try {
      const answers = await this.answer(batch.map(({ question }) => question));
      if (answers.length !== batch.length) throw new Error(`${batch.length} questions got ${answers.length} answers`);
      answers.forEach((answer, index) => batch[index]?.tell(answer));
    } catch (error) {
      for (const { fail } of batch) fail(error);
    }
  }
}
