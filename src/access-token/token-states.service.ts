import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { DataSource } from 'typeorm';
import { Batches } from '../common/batches.js';
import { ServiceUnavailableError } from '../common/errors/app-error.js';
import { AppConfig } from '../config/app-config.js';
import { RevocationReader } from '../revocation/revocation-reader.service.js';
import { namesOf } from '../revocation/scope.js';
import { AccessTokenMetrics } from './access-token-metrics.js';
import { type AskedToken, readTokenStates, type TokenState } from './token-state.js';

/** So many questions for each connection may wait for the database; whoever comes then is told to come back. */
const WAITING_PER_CONNECTION = 20;

/** Several at a time, so that one connection which no longer answers doesn't keep everybody from the others. */
const LIMITS = { underWay: 4, size: 64 };

interface Answer {
  state: TokenState | null;
  position: number;
}

/** What PostgreSQL said of a token, for a text that one key signed, and what it takes to judge whether it still holds. */
export interface KnownState {
  state: TokenState;
  /** All that the verdict rests on. */
  names: readonly string[];
  /** The position in the revocation log that was applied before the question was sent. */
  position: number;
}

/**
 * The state of tokens, remembered. Nothing is ever removed for being revoked: what is remembered counts only while the
 * revocation log, read up to now, has named nothing that it rests on since before it was asked for.
 */
@Injectable()
export class TokenStates {
  private readonly remembered: LRUCache<string, KnownState>;
  private readonly asking = new Map<string, Promise<KnownState | null>>();
  private readonly reads = new Batches<AskedToken, Answer>(async (asked) => this.readAll(asked), LIMITS);

  constructor(
    private readonly dataSource: DataSource,
    private readonly reader: RevocationReader,
    private readonly config: AppConfig,
    private readonly metrics: AccessTokenMetrics,
  ) {
    this.remembered = new LRUCache({ max: config.VERDICT_CACHE_SIZE });
  }

  /** What is remembered of the token and still holds. */
  recall(tokenId: string, kid: string): KnownState | null {
    const known = this.remembered.get(keyOf(tokenId, kid));
    return this.metrics.states.note(known && this.holds(known) ? known : null);
  }

  /** Whether nothing that it rests on was named since it was asked for, by a server that is still the one. */
  holds({ state, names, position }: KnownState): boolean {
    return this.reader.holds(position, state.timeline, names);
  }

  /** Asks PostgreSQL; null when there is no such token. Those who ask at the same time share the answer. */
  ask(tokenId: string, kid: string): Promise<KnownState | null> {
    const key = keyOf(tokenId, kid);
    const shared = this.asking.get(key);
    if (shared) return shared;
    if (this.asking.size >= this.config.DATABASE_POOL_SIZE * WAITING_PER_CONNECTION) {
      throw new ServiceUnavailableError('Too many tokens are being looked up right now');
    }
    const answer = this.read(tokenId, kid).finally(() => this.asking.delete(key));
    this.asking.set(key, answer);
    return answer;
  }

  private async read(tokenId: string, kid: string): Promise<KnownState | null> {
    const { state, position } = await this.reads.ask({ tokenId, kid });
    if (!state) return null;
    const known = { state, names: namesOf(state, kid), position };
    if (this.holds(known)) this.remembered.set(keyOf(tokenId, kid), known);
    return known;
  }

  private async readAll(asked: AskedToken[]): Promise<Answer[]> {
    const { position } = this.reader;
    const states = await readTokenStates(this.dataSource.manager, asked);
    return states.map((state) => ({ state, position }));
  }
}

/** Two texts of one token may be signed by two keys, and then live and die with different ones. */
const keyOf = (tokenId: string, kid: string): string => `${tokenId}.${kid}`;
