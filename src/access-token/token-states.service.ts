import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LookUps } from '../common/look-ups.js';
import { AppConfig } from '../config/app-config.js';
import { DatabaseLimiter, type LimitedCaller } from '../database/database-limiter.service.js';
import { RevocationReader } from '../revocation/revocation-reader.service.js';
import { namesOf } from '../revocation/scope.js';
import { AccessTokenMetrics } from './access-token-metrics.js';
import type { CompactState, TokenState } from './compact-state.js';
import { type KnownStanding, KnownStandings } from './known-standings.js';
import { type AskedToken, readStandingTokens, readTokens, readTokenState } from './token-read.js';
import type { ProvenToken } from './proven-token.js';
import { spendUse } from './usage/spend-use.js';

/** A token, and what is known of it without having asked. */
interface Question extends AskedToken {
  known: KnownStanding | null;
}

/**
 * The state of tokens, remembered with the proofs of their texts: two texts of one token may be signed by two keys, and
 * then live and die with different ones. Nothing is ever removed for being revoked: what is remembered counts only while
 * the revocation log, read up to now, has named nothing that it rests on since before it was asked for.
 */
@Injectable()
export class TokenStates {
  private readonly reads: LookUps<Question, CompactState | null>;
  private readonly standings: KnownStandings;

  constructor(
    private readonly dataSource: DataSource,
    private readonly reader: RevocationReader,
    config: AppConfig,
    private readonly metrics: AccessTokenMetrics,
    private readonly limiter: DatabaseLimiter,
  ) {
    this.standings = new KnownStandings(reader);
    this.reads = new LookUps('tokens', config.DATABASE_POOL_SIZE, async (questions) => this.answer(questions));
  }

  /** What is remembered of the token and still holds. */
  recall({ kid, state }: ProvenToken): CompactState | null {
    return this.metrics.states.note(state && this.holds(state, kid) ? state : null);
  }

  /**
   * Whether nothing that it rests on was named since it was asked for, by a server that is still the one. What holds now
   * is known to hold from here on, and not looked into again before something else is named.
   */
  holds(state: CompactState, kid: string): boolean {
    if (!this.reader.holds(state.position, state.timeline, () => namesOf(state, kid))) return false;
    state.position = this.reader.position;
    return true;
  }

  /**
   * Asks PostgreSQL on behalf of a caller; null when there is no such token. Those who ask by one text at the same time
   * share the answer, but never the wait for a caller's limit. What other tokens rest on too is not asked for again while
   * it is known.
   */
  ask(token: ProvenToken, caller: LimitedCaller): Promise<CompactState | null> {
    const load = (): Promise<CompactState | null> => (token.asking ??= this.askAnew(token));
    return token.asking ?? this.limiter.limitCaller('batch', caller, load);
  }

  /** Reads the state of a token by a statement of its own. */
  read(tokenId: string, kid: string, caller: LimitedCaller): Promise<TokenState | null> {
    return this.limiter.run('read', caller, () => readTokenState(this.dataSource.manager, tokenId, kid));
  }

  /** Consumes a use of a limited token. Throws 401 when none is left. */
  async consumeUse(tokenId: string, now: Date, caller: LimitedCaller): Promise<void> {
    await this.limiter.run('use', caller, () => spendUse(this.dataSource.manager, tokenId, now));
  }

  /** Never ends in the step in which it begins: `asking` is set after that, and would stay. */
  private async askAnew(token: ProvenToken): Promise<CompactState | null> {
    const { jti: tokenId, sub: identityId, orgId: organizationId } = token.claims;
    const { kid } = token;
    const known = this.standings.recall({ identityId, organizationId, kid });
    try {
      const state = await this.reads.ask({ tokenId, kid, known });
      if (state && this.holds(state, kid)) token.state = state;
      return state;
    } finally {
      token.asking = null;
    }
  }

  private async answer(questions: Question[]): Promise<(CompactState | null)[]> {
    const answers = await this.answerByStandings(questions);
    const open = questions.filter((_, place) => answers[place] === null);
    const found = open.length > 0 ? await this.readWhole(open) : [];
    return answers.map((answer) => answer ?? found.shift() ?? null);
  }

  /** Null where everything has to be asked for. */
  private async answerByStandings(questions: Question[]): Promise<(CompactState | null)[]> {
    const { position } = this.reader;
    const asked = questions.flatMap(({ tokenId, known }) => (known ? [{ tokenId, ...known }] : []));
    const states = asked.length > 0 ? await readStandingTokens(this.dataSource.manager, asked, position) : [];
    // A standing that was named meanwhile is of before the token's own row.
    return questions.map(({ known, kid }) => {
      const state = known ? states.shift() : null;
      return known && state && this.standings.holds(known, kid) ? state : null;
    });
  }

  private async readWhole(questions: Question[]): Promise<(CompactState | null)[]> {
    const { position } = this.reader;
    const found = await readTokens(this.dataSource.manager, questions, position);
    return found.map((each, place) => {
      if (each) this.standings.note(each, questions[place]?.kid ?? '');
      return each?.state ?? null;
    });
  }
}
