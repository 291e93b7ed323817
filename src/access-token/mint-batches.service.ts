import { Injectable } from '@nestjs/common';
import { Batches } from '../common/batches.js';
import { isUnavailable } from '../common/errors/postgres-errors.js';
import { RevocationReader } from '../revocation/revocation-reader.service.js';
import { mintIfAsJudged, mintThoseAsJudged } from './mint-statement.js';
import type { ProposedMint } from './proposed-mint.js';

/**
 * Mints that come while a statement is at work fill the next one: with two cores for everything, two half as large that
 * are at work at the same time cost a fifth more. One that is stuck holds nobody up for long.
 */
const LIMITS = { underWay: 4, size: 64, patience: 20 };

/** Writes the mints of many requests with one statement. */
@Injectable()
export class MintBatches {
  private readonly batches = new Batches<ProposedMint, boolean>(async (mints) => this.write(mints), LIMITS);

  constructor(private readonly reader: RevocationReader) {}

  /** Whether the token was written. If not, something isn't as it was judged, or may be changing right now. */
  async mint(mint: ProposedMint): Promise<boolean> {
    return this.batches.ask(mint);
  }

  /** The same in a statement of its own, which waits for whatever it has to. */
  async alone(mint: ProposedMint): Promise<boolean> {
    return (await this.reader.onTrusted((db) => mintIfAsJudged(db, mint))) === 'minted';
  }

  private async write(mints: ProposedMint[]): Promise<(boolean | Promise<boolean>)[]> {
    try {
      const minted = await this.reader.onTrusted((db) => mintThoseAsJudged(db, mints));
      return mints.map(({ token }) => minted.has(token.id));
    } catch (error) {
      // Where the database could not be asked, nobody knows what became of them.
      if (mints.length === 1 || isUnavailable(error)) throw error;
      // What one of them may be guilty of must not be the others' fault: each is tried alone.
      return mints.map(async (mint) => this.alone(mint));
    }
  }
}
