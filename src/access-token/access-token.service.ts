import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { ServiceUnavailableError } from '../common/errors/app-error.js';
import type { RequestContext } from '../common/http/request-context.js';
import type { LimitedCaller } from '../database/database-limiter.service.js';
import type { Actor } from '../permission/actor.js';
import { NO_ACCESS } from '../permission/catalog.js';
import { PermissionSet } from '../permission/permission-set.js';
import { RevocationReader } from '../revocation/revocation-reader.service.js';
import { AccessTokenRefusedError } from './access-token-errors.js';
import type { CompactState, TokenState } from './compact-state.js';
import { judged, mayGetBetter, refusalOf } from './token-judgement.js';
import { hasExpired } from './token-lifetime.js';
import type { ProvenToken } from './proven-token.js';
import { TokenStates } from './token-states.service.js';
import { type HeldState, holdTokenState } from './token-hold.js';
import { TokenUsage } from './usage/token-usage.service.js';

/** Refuses, by what it throws, whoever is too much; asked before a use is spent. */
export type Admission = (state: CompactState) => void;

/** Whether a verdict costs a use, and whether that has been spent. */
interface Use {
  readonly isUse: boolean;
  isSpent: boolean;
  /** Whose database work the verification is. Default: the bearer's. */
  readonly caller: LimitedCaller | undefined;
}

/** How often a verdict that grew too old on the way is made anew. */
const ATTEMPTS = 3;

/**
 * The one path by which a token is found good, for bearers and for whoever else asks.
 * Its steps come after the proof: state, address, use. What refuses early costs no use.
 */
@Injectable()
export class AccessTokenService {
  constructor(
    private readonly clock: Clock,
    private readonly states: TokenStates,
    private readonly reader: RevocationReader,
    private readonly usage: TokenUsage,
  ) {}

  /**
   * Accepts a bearer's token for one request, or refuses it with the reason. A limited token loses a use, unless
   * `admit` throws, which is asked once it is known whose token it is. Gives no promise where memory suffices.
   */
  verify(
    token: ProvenToken,
    request: RequestContext,
    admit?: Admission,
    caller?: LimitedCaller,
  ): Actor | Promise<Actor> {
    return this.judge(token, request, { isUse: true, isSpent: false, caller }, admit);
  }

  /** Accepts or rejects a token without consuming a use. Rejects a token that has no use left. */
  verifyWithoutUse(
    token: ProvenToken,
    request: RequestContext,
    admit?: Admission,
    caller?: LimitedCaller,
  ): Actor | Promise<Actor> {
    return this.judge(token, request, { isUse: false, isSpent: false, caller }, admit);
  }

  /**
   * Judges the caller again inside a transaction that is to change something, and holds what the judgement rests on:
   * what was revoked since the request was let in changes nothing.
   */
  async hold(tx: EntityManager, actor: Actor): Promise<Actor> {
    return actorOf(actor.kid, await this.holdState(tx, actor), actor.request);
  }

  /** Judges the caller again inside a transaction and holds what that rests on; gives the state that was found. */
  async holdState(tx: EntityManager, actor: Actor): Promise<HeldState> {
    const state = await holdTokenState(tx, actor.tokenId, actor.kid);
    this.reader.checkTrust();
    try {
      return judged(state, actor.request);
    } catch (error) {
      await this.confirm(actor);
      throw error;
    }
  }

  /** Fails where a refusal of the caller may rest on the word of a server that was deposed. */
  async confirm({ timeline }: Actor): Promise<void> {
    await this.reader.confirm(timeline);
  }

  /** Refuses what a transaction has done to a database that may be an older state of itself. */
  checkTrust(): void {
    this.reader.checkTrust();
  }

  /** Judges a caller again from PostgreSQL as it is now; costs no use. */
  async judgeAgain(actor: Actor): Promise<Actor> {
    const { tokenId, kid, request } = actor;
    const state = judged(await this.states.read(tokenId, kid, actor), request);
    return actorOf(kid, state, request);
  }

  /** What is remembered and fresh is judged in this very step; everything else takes time. */
  private judge(token: ProvenToken, request: RequestContext, use: Use, admit?: Admission): Actor | Promise<Actor> {
    const known = this.remembered(token, request, use);
    if (known && !costs(known, use) && this.reader.isFresh()) {
      admit?.(known);
      return this.accepted(token, known, request, use);
    }
    return this.judgeInTime(token, request, use, known, admit);
  }

  /**
   * A verdict counts in the instant in which it is given: everything that took time may have made it too old. Then it
   * is made anew, but a use that was spent stays spent and is not asked for again.
   */
  private async judgeInTime(
    token: ProvenToken,
    request: RequestContext,
    use: Use,
    remembered: CompactState | null,
    admit?: Admission,
  ): Promise<Actor> {
    let known = remembered ?? (await this.asked(token, request, use));
    admit?.(known);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      if (attempt > 1) known = this.remembered(token, request, use) ?? (await this.asked(token, request, use));
      if (costs(known, use)) {
        await this.states.consumeUse(known.tokenId, request.now, callerOf(token, use));
        use.isSpent = true;
      }
      if (this.reader.isFresh() && this.states.holds(known, token.kid))
        return this.accepted(token, known, request, use);
      await this.reader.freshen();
    }
    throw new ServiceUnavailableError("The state of the access token can't be known right now");
  }

  /** The bearer of a token whose state is good, unless it ends by now. This is where a use is noted. */
  private accepted(token: ProvenToken, state: CompactState, request: RequestContext, { isUse }: Use): Actor {
    const now = this.clock.now();
    // The text's own end, and the row's: an old text of a renewed token ends before it.
    if (hasExpired(token.claims, now) || state.hasExpired(now)) throw new AccessTokenRefusedError('expired');
    if (isUse) this.usage.note(state.tokenId, request.now, request.address);
    return actorOf(token.kid, state, request);
  }

  /**
   * The state of a proven token as it is remembered, if nothing speaks against it. Memory may accept, and may refuse
   * what is dead for good; everything else that it would refuse or doesn't know is asked of PostgreSQL.
   */
  private remembered(token: ProvenToken, request: RequestContext, use: Use): CompactState | null {
    const { claims } = token;
    if (hasExpired(claims, request.now)) throw new AccessTokenRefusedError('expired');
    const recalled = this.states.recall(token);
    // How many uses are left is known to PostgreSQL alone.
    if (recalled && (use.isUse || recalled.numUsesLimit === 0)) {
      if (recalled.isRevoked) throw new AccessTokenRefusedError('revoked');
      if (!refusalOf(claims, recalled, request, use)) return recalled;
    }
    return null;
  }

  /**
   * A server that was deposed doesn't know what has happened since. So where a later state may be better, it is asked
   * again once the log was read, which such a server can't complete.
   */
  private async asked(token: ProvenToken, request: RequestContext, use: Use): Promise<CompactState> {
    const caller = callerOf(token, use);
    let state = await this.states.ask(token, caller);
    if (state && !refusalOf(token.claims, state, request, use)) return state;
    if (!state || mayGetBetter(state, use)) {
      await this.reader.read();
      state = await this.states.ask(token, caller);
    }
    if (!state) throw new AccessTokenRefusedError('unknown');
    const refusal = refusalOf(token.claims, state, request, use);
    if (refusal) throw refusal;
    return state;
  }
}

const callerOf = ({ claims: { sub, orgId } }: ProvenToken, { caller }: Use): LimitedCaller =>
  caller ?? { identityId: sub, organizationId: orgId };

/** Whether a use has to be spent before the verdict. */
const costs = ({ numUsesLimit }: TokenState, { isUse, isSpent }: Use): boolean => isUse && !isSpent && numUsesLimit > 0;

function actorOf(kid: string, state: TokenState, request: RequestContext): Actor {
  return {
    identityId: state.identityId,
    tokenId: state.tokenId,
    kid,
    organizationId: state.organizationId,
    rootOrganizationId: state.rootOrganizationId,
    permissions: PermissionSet.of({ role: state.role ?? NO_ACCESS, permissions: state.permissions }),
    timeline: state.timeline,
    request,
  };
}
