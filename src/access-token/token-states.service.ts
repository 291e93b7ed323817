import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LookUps } from '../common/look-ups.js';
import { AppConfig } from '../config/app-config.js';
import { RevocationReader } from '../revocation/revocation-reader.service.js';
import { namesOf } from '../revocation/scope.js';
import { AccessTokenMetrics } from './access-token-metrics.js';
import type { CompactState } from './compact-state.js';
import type { ProvenToken } from './token-proof.service.js';
import { type AskedToken, readTokenStates } from './token-state.js';

/**
 * The state of tokens, remembered with the proofs of their texts: two texts of one token may be signed by two keys, and
 * then live and die with different ones. Nothing is ever removed for being revoked: what is remembered counts only while
 * the revocation log, read up to now, has named nothing that it rests on since before it was asked for.
 */
@Injectable()
export class TokenStates {
  private readonly asking = new Map<string, Promise<CompactState | null>>();
  private readonly reads: LookUps<AskedToken, CompactState | null>;

  constructor(
    private readonly dataSource: DataSource,
    private readonly reader: RevocationReader,
    config: AppConfig,
    private readonly metrics: AccessTokenMetrics,
  ) {
    this.reads = new LookUps('tokens', config.DATABASE_POOL_SIZE, async (asked) => this.readAll(asked));
  }

  /** What is remembered of the token and still holds. */
  recall({ kid, state }: ProvenToken): CompactState | null {
    return this.metrics.states.note(state && this.holds(state, kid) ? state : null);
  }

  /** Whether nothing that it rests on was named since it was asked for, by a server that is still the one. */
  holds(state: CompactState, kid: string): boolean {
    return this.reader.holds(state.position, state.timeline, namesOf(state, kid));
  }

  /** Asks PostgreSQL; null when there is no such token. Those who ask at the same time share the answer. */
  async ask(token: ProvenToken): Promise<CompactState | null> {
    const state = await this.askOnce(token.claims.jti, token.kid);
    if (state && this.holds(state, token.kid)) token.state = state;
    return state;
  }

  private askOnce(tokenId: string, kid: string): Promise<CompactState | null> {
    const key = `${tokenId}.${kid}`;
    const shared = this.asking.get(key);
    if (shared) return shared;
    const answer = this.reads.ask({ tokenId, kid }).finally(() => this.asking.delete(key));
    this.asking.set(key, answer);
    return answer;
  }

  private async readAll(asked: AskedToken[]): Promise<(CompactState | null)[]> {
    const { position } = this.reader;
    return readTokenStates(this.dataSource.manager, asked, position);
  }
}
