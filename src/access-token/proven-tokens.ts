import type { ProvenToken } from './proven-token.js';

/** Tokens that are looked at to find one that may leave: however many are wanted, whoever comes is not to wait for it. */
const MOST_LOOKS = 32;

/**
 * What texts were proven to be, by the digest of each, so many at a time. Whoever comes beyond that takes the place of one
 * that nobody wanted since it was looked at last (the CLOCK of page replacement): to use a token writes nothing but a
 * mark, and many that come once drive out few of those that are wanted all the time.
 */
export class ProvenTokens {
  private readonly known = new Map<string, ProvenToken>();

  /** Goes over what is known. Made once it is needed: while it goes, a map that grows keeps its former tables as well. */
  private hand?: MapIterator<[string, ProvenToken]>;
  /** How many it has yet to look at; who came since it began is looked at the next time. */
  private left = 0;

  constructor(private readonly most: number) {}

  find(digest: string): ProvenToken | null {
    return this.known.get(digest) ?? null;
  }

  keep(digest: string, token: ProvenToken): ProvenToken {
    if (this.known.size >= this.most && !this.known.has(digest)) this.makeRoom();
    this.known.set(digest, token);
    return token;
  }

  private makeRoom(): void {
    for (let looks = 1; looks <= MOST_LOOKS; looks += 1) {
      const [digest, token] = this.next();
      if (!token.isWantedStill() || looks === MOST_LOOKS) {
        this.known.delete(digest);
        return;
      }
    }
  }

  private next(): [string, ProvenToken] {
    for (;;) {
      if (!this.hand || this.left === 0) {
        this.hand = this.known.entries();
        this.left = this.known.size;
      }
      this.left -= 1;
      const { value, done } = this.hand.next();
      if (!done) return value;
      this.left = 0;
    }
  }
}
