import { Injectable } from '@nestjs/common';
import { EndOfTurn } from '../../common/end-of-turn.js';
import { inParallel } from '../../common/in-parallel.js';
import type { Actor } from '../../permission/actor.js';
import { Permissions } from '../../permission/permissions.service.js';
import { AccessTokenMetrics } from '../access-token-metrics.js';
import { AccessTokenRefusedError, AddressNotAllowedError, type DenialReason } from '../access-token-errors.js';
import { AccessTokenService } from '../access-token.service.js';
import type { ProvenToken } from '../proven-token.js';
import { TokenProof } from '../token-proof.service.js';

/** Tokens of one batch that are judged at the same time: no batch takes all connections for itself. */
const AT_ONCE = 4;

/** A token that somebody was shown, and where it was shown from. */
export interface Subject {
  token: string;
  /** The address of whoever bore it; absent where that can't be said. */
  address?: string;
}

/** What is found about a token: what it says when it is good, else why it is not, which is for the log alone. */
export interface Verdict {
  /** Null where the text is none of ours. */
  tokenId: string | null;
  claims: ProvenToken['claims'] | null;
  reason: DenialReason | null;
}

/** Judges tokens for verifiers as if each had been sent to the service itself, by its bearer and from its address. */
@Injectable()
export class Introspection {
  constructor(
    private readonly proof: TokenProof,
    private readonly accessTokens: AccessTokenService,
    private readonly permissions: Permissions,
    private readonly metrics: AccessTokenMetrics,
    private readonly turn: EndOfTurn,
  ) {}

  /**
   * With `consume`, a token that is found good and has limited uses loses one. What is asked in one turn of the event
   * loop is judged and answered at its end.
   */
  async introspect(caller: Actor, subject: Subject, consume: boolean): Promise<Verdict> {
    this.permissions.check(caller, 'access-token', 'introspect');
    await this.turn.reached();
    return await this.judge(caller, subject, consume);
  }

  /** Gives the verdicts in the order of the subjects, or none at all. */
  async introspectAll(caller: Actor, subjects: readonly Subject[], consume: boolean): Promise<Verdict[]> {
    this.permissions.check(caller, 'access-token', 'introspect');
    return inParallel(subjects, AT_ONCE, (subject) => this.judge(caller, subject, consume));
  }

  /** A refused token is a result (`active: false`). Any other failure, such as an unreachable database, is thrown. */
  private async judge(caller: Actor, { token, address }: Subject, consume: boolean): Promise<Verdict> {
    let tokenId: string | null = null;
    try {
      const proving = this.proof.prove(token);
      const proven = proving instanceof Promise ? await proving : proving;
      tokenId = proven.claims.jti;
      const accepting = this.accept(caller, proven, address ?? null, consume);
      if (accepting instanceof Promise) await accepting;
      this.metrics.introspected(true);
      return { tokenId, claims: proven.claims, reason: null };
    } catch (error) {
      if (!(error instanceof AccessTokenRefusedError || error instanceof AddressNotAllowedError)) throw error;
      this.metrics.introspected(false);
      return { tokenId, claims: null, reason: error.reason };
    }
  }

  private accept(caller: Actor, token: ProvenToken, address: string | null, consume: boolean): Actor | Promise<Actor> {
    if (!isWithin(caller, token.claims)) throw new AccessTokenRefusedError('foreign');
    // The bearer's address, never the caller's: an unknown one passes only where every address does.
    const { reqId, peer, userAgent, now } = caller.request;
    const request = { reqId, address, peer, userAgent, now };
    return consume
      ? this.accessTokens.verify(token, request, undefined, caller)
      : this.accessTokens.verifyWithoutUse(token, request, undefined, caller);
  }
}

/** A verifier sees the tokens of its own organization and of those below it. */
const isWithin = ({ organizationId }: Actor, { orgId, rootOrgId }: ProvenToken['claims']): boolean =>
  orgId === organizationId || rootOrgId === organizationId;
