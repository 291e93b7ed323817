import { Injectable } from '@nestjs/common';
import { Batches } from '../../common/batches.js';
import { isUnavailable } from '../../common/errors/postgres-errors.js';
import { DatabaseLimiter, type LimitedCaller } from '../../database/database-limiter.service.js';
import { RevocationReader } from '../../revocation/revocation-reader.service.js';
import { mintIfAsJudged, mintThoseAsJudged } from './mint-statement.js';
import type { ProposedMint } from './proposed-mint.js';

const LIMITS = {
  /** Statements at the same time: more than one, so that one that is stuck does not hold up all other mints. */
  underWay: 4,
  /** Mints in one statement: with more, PostgreSQL and this process would wait for each other in turns. */
  size: 32,
  /** Milliseconds that mints wait for the statement before theirs: on two cores, two at a time cost a fifth more CPU. */
  patience: 20,
};

/** What is to be written, and how its token's text is made, which costs more than all else that is done here for it. */
interface Asked {
  mint: ProposedMint;
  sign: () => string;
}

/** The text of a token that was written, or null. */
type WrittenText = string | null;

/** Writes the mints of many requests with one statement. */
@Injectable()
export class MintBatches {
  private readonly batches = new Batches<Asked, WrittenText>(async (asked) => this.write(asked), LIMITS);

  constructor(
    private readonly reader: RevocationReader,
    private readonly limiter: DatabaseLimiter,
  ) {}

  /** The token's text, or null if nothing was written: something isn't as it was judged, or may be changing right now. */
  async mint(mint: ProposedMint, sign: () => string): Promise<WrittenText> {
    return this.batches.ask({ mint, sign });
  }

  /** Writes one mint with a statement of its own, which waits for the locks that it needs. */
  async alone(mint: ProposedMint, sign: () => string): Promise<WrittenText> {
    const text = sign();
    const write = () => this.reader.onTrusted((db) => mintIfAsJudged(db, mint));
    return (await this.limiter.run('change', callerOf(mint), write)) === 'minted' ? text : null;
  }

  private async write(asked: Asked[]): Promise<(WrittenText | Promise<WrittenText>)[]> {
    const mints = asked.map(({ mint }) => mint);
    try {
      // One after the other rather than each when it is asked: what signing needs is then still in the CPU's caches.
      const texts = asked.map(({ sign }) => sign());
      const minted = await this.reader.onTrusted((db) => mintThoseAsJudged(db, mints));
      return mints.map(({ token }, index) => (minted.has(token.id) ? texts[index] : null));
    } catch (error) {
      // Where the database could not be asked, nobody knows what became of them.
      if (asked.length === 1 || isUnavailable(error)) throw error;
      // What one of them may be guilty of must not be the others' fault: each is tried alone.
      return asked.map(async ({ mint, sign }) => this.alone(mint, sign));
    }
  }
}

const callerOf = ({ audit: { actorIdentityId, organizationId } }: ProposedMint): LimitedCaller => ({
  identityId: actorIdentityId ?? '',
  organizationId: organizationId ?? '',
});
