import { Injectable } from '@nestjs/common';
import { Batches } from '../common/batches.js';
import { isUnavailable } from '../common/errors/postgres-errors.js';
import { RevocationReader } from '../revocation/revocation-reader.service.js';
import { mintIfAsJudged, mintThoseAsJudged, type ProposedMint } from './mint-statement.js';

/** While one statement waits for the disk, the next is at work; larger ones would make each mint wait for too long. */
const LIMITS = { underWay: 2, size: 64 };

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
