import { ProvenToken } from './proven-token.js';

/** Tokens that are looked at to find one that may leave: however many are wanted, whoever comes is not to wait for it. */
const MOST_LOOKS = 32;

/**
 * What texts were proven to be, by the digest of each, so many at a time; and the proofs that are under way. Whoever comes
 * beyond that takes the place of one that nobody wanted since it was looked at last (the CLOCK of page replacement): to
 * use a token writes nothing but a mark, and many that come once don't drive out those that are wanted all the time.
 */
export class ProvenTokens {
  private readonly known = new Map<string, ProvenToken | Promise<ProvenToken>>();

  /** Goes over what is known. There is none before it is needed: a map that grows keeps all that it was for whoever does. */
  private hand?: MapIterator<[string, ProvenToken | Promise<ProvenToken>]>;
  /** How many it has yet to look at; who came since it began is looked at the next time. */
  private left = 0;

  constructor(private readonly most: number) {}

  /** What a text was proven to be; a promise while that is under way. */
  find(digest: string): ProvenToken | Promise<ProvenToken> | undefined {
    return this.known.get(digest);
  }

  keep(digest: string, token: ProvenToken): ProvenToken {
    this.put(digest, token);
    return token;
  }

  /** Lets all who ask meanwhile share a proof, which keeps what it finds. Of one that fails nothing is left. */
  share(digest: string, proof: Promise<ProvenToken>): Promise<ProvenToken> {
    this.put(digest, proof);
    proof.catch(() => this.known.delete(digest));
    return proof;
  }

  private put(digest: string, found: ProvenToken | Promise<ProvenToken>): void {
    if (this.known.size >= this.most && !this.known.has(digest)) this.makeRoom();
    this.known.set(digest, found);
  }

  private makeRoom(): void {
    let leaving: string | undefined;
    for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
      const [digest, found] = this.next() ?? [];
      if (found instanceof ProvenToken) {
        leaving = digest;
        if (!found.isWantedStill()) break;
      }
    }
    if (leaving !== undefined) this.known.delete(leaving);
  }

  private next(): [string, ProvenToken | Promise<ProvenToken>] | undefined {
    if (!this.hand || this.left === 0) {
      this.hand = this.known.entries();
      this.left = this.known.size;
    }
    this.left -= 1;
    const { value, done } = this.hand.next();
    if (!done) return value;
    this.left = 0;
    return undefined;
  }
}
