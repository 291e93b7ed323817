import { Injectable } from '@nestjs/common';
import { isUnavailable } from '../common/errors/postgres-errors.js';
import { RevocationReader } from '../revocation/revocation-reader.service.js';
import { mintIfAsJudged, mintThoseAsJudged, type ProposedMint } from './mint-statement.js';

/** Statements under way at the same time: while one waits for the disk, the next is at work. */
const MAX_UNDER_WAY = 2;

/** Mints in one statement; more would make each of them wait for too long. */
const MAX_SIZE = 64;

interface WaitingMint {
  mint: ProposedMint;
  tell: (isMinted: boolean) => void;
  fail: (error: unknown) => void;
}

/**
 * Writes the mints of many requests with one statement. Nobody waits for company: a mint leaves at once while fewer
 * statements are under way than may be, and those that come meanwhile leave together when one of them is done.
 */
@Injectable()
export class MintBatches {
  private waiting: WaitingMint[] = [];
  private underWay = 0;

  constructor(private readonly reader: RevocationReader) {}

  /** Whether the token was written. If not, something isn't as it was judged, or may be changing right now. */
  async mint(mint: ProposedMint): Promise<boolean> {
    return new Promise((tell, fail) => {
      this.waiting.push({ mint, tell, fail });
      if (this.underWay < MAX_UNDER_WAY) void this.work();
    });
  }

  /** The same in a statement of its own, which waits for whatever it has to. */
  async alone(mint: ProposedMint): Promise<boolean> {
    return (await this.reader.onTrusted((db) => mintIfAsJudged(db, mint))) === 'minted';
  }

  private async work(): Promise<void> {
    this.underWay += 1;
    while (this.waiting.length > 0) await this.write(this.waiting.splice(0, MAX_SIZE));
    this.underWay -= 1;
  }

  private async write(batch: WaitingMint[]): Promise<void> {
    try {
      const mints = batch.map(({ mint }) => mint);
      const minted = await this.reader.onTrusted((db) => mintThoseAsJudged(db, mints));
      for (const { mint, tell } of batch) tell(minted.has(mint.token.id));
    } catch (error) {
      await this.settle(batch, error);
    }
  }

  /**
   * What one of them may be guilty of must not be the others' fault: each is tried alone. Where the database could not
   * be asked, nobody knows what became of them.
   */
  private async settle(batch: WaitingMint[], error: unknown): Promise<void> {
    if (batch.length === 1 || isUnavailable(error)) {
      for (const { fail } of batch) fail(error);
      return;
    }
    for (const { mint, tell, fail } of batch) {
      await this.alone(mint).then(tell, fail);
    }
  }
}
