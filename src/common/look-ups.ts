import { Batches } from './batches.js';
import { ServiceUnavailableError } from './errors/app-error.js';

/** Several at a time, so that one connection which no longer answers doesn't keep everybody from the others. */
const LIMITS = { underWay: 4, size: 64 };

/** So many questions for each connection may wait for the database; whoever comes then is told to come back. */
const WAITING_PER_CONNECTION = 20;

/** Looks up in the database what many callers ask for at the same time, with one statement. */
export class LookUps<Q, A> {
  private readonly batches: Batches<Q, A>;

  constructor(
    /** What is looked up, in the plural, for whoever is told to come back. */
    private readonly what: string,
    /** Connections to the database. */
    private readonly poolSize: number,
    /** Answers in the order of the questions. */
    answer: (questions: Q[]) => Promise<A[]>,
    /** Questions in one statement. */
    size: number = LIMITS.size,
  ) {
    this.batches = new Batches<Q, A>(answer, { ...LIMITS, size });
  }

  ask(question: Q): Promise<A> {
    if (this.batches.unanswered < this.poolSize * WAITING_PER_CONNECTION) return this.batches.ask(question);
    return Promise.reject(new ServiceUnavailableError(`Too many ${this.what} are being looked up right now`));
  }
}
