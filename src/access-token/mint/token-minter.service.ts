import { Injectable } from '@nestjs/common';
import { auditRow, type AuditTarget } from '../../audit-event/audit-events.service.js';
import type { AuditEventName } from '../../audit-event/audit-event-names.js';
import { AppError, ServiceUnavailableError } from '../../common/errors/app-error.js';
import { KeyedSemaphore } from '../../common/keyed-semaphore.js';
import { AccessToken } from '../../database/entities/access-token.entity.js';
import type { IdempotencyKey } from '../../database/entities/idempotency-key.entity.js';
import type { Actor } from '../../permission/actor.js';
import { AccessTokenService } from '../access-token.service.js';
import { CallerTransactions } from '../caller-transactions.service.js';
import { TOKEN_AUTH } from '../access-token-claims.js';
import { assertStillGood, findEarlierMint, keptOf, type RepeatableRequest } from './idempotency.js';
import { MintEpochs } from './mint-epochs.service.js';
import { MintBatches } from './mint-batches.service.js';
import { mintIfAsJudged } from './mint-statement.js';
import type { MintJudgement, ProposedMint } from './proposed-mint.js';
import type { ActiveKey } from '../signing-key/signing-keys.service.js';
import { type IssuedToken, type TokenHolder, TokenIssuer, type TokenLimits } from './token-issuer.service.js';

/** A mint that was judged right. */
export interface MintProposal {
  holder: TokenHolder;
  limits: TokenLimits;
  name: string | null;
  judgement: MintJudgement;
  event: AuditEventName;
  target: AuditTarget;
  /** Present when the request carries an idempotency key. */
  repeatable?: RepeatableRequest;
}

/** Whether a mint may be judged by what is remembered. The statement that writes finds out if it no longer holds. */
export interface Judging {
  fromMemory: boolean;
}

type Judge = (actor: Actor, judging: Judging) => Promise<MintProposal>;

/** The first from memory, the others from PostgreSQL. */
const ATTEMPTS = 3;

/**
 * Memory proposes, the statement decides: a mint is judged, and written only if all is still as judged.
 * If not, it is judged again from PostgreSQL, the caller included, and then waits for what is changing.
 */
@Injectable()
export class TokenMinter {
  /** Repetitions of one request. */
  private readonly turns = new KeyedSemaphore({ maxConcurrent: 4, timeoutMs: 10_000 });

  constructor(
    private readonly transactions: CallerTransactions,
    private readonly issuer: TokenIssuer,
    private readonly accessTokens: AccessTokenService,
    private readonly epochs: MintEpochs,
    private readonly batches: MintBatches,
  ) {}

  /**
   * Mints the token that the judge proposes for the caller. Throws what the judge throws, and 503 when what it rests on
   * changes too fast.
   */
  async mint(caller: Actor, judge: Judge): Promise<IssuedToken> {
    let actor = caller;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const judging = { fromMemory: attempt === 1 };
      const proposal = await this.propose(judge, actor, judging);
      const issued = proposal && (await this.attempt(actor, proposal, judging));
      if (issued) {
        this.issuer.noteWritten();
        return issued;
      }
      actor = await this.accessTokens.judgeAgain(caller);
      await this.issuer.refreshKeys();
    }
    throw new ServiceUnavailableError('What the token rests on changes too fast; nothing was minted');
  }

  /** What memory would refuse is judged again before anybody is told so: null. */
  private async propose(judge: Judge, actor: Actor, judging: Judging): Promise<MintProposal | null> {
    try {
      return await judge(actor, judging);
    } catch (error) {
      if (judging.fromMemory && error instanceof AppError) return null;
      throw error;
    }
  }

  private async attempt(actor: Actor, proposal: MintProposal, judging: Judging): Promise<IssuedToken | null> {
    const { holder, limits, name, judgement, event, target, repeatable } = proposal;
    const key = this.issuer.activeKey();
    const epoch = await this.epochs.of({ ...holder, authMethod: TOKEN_AUTH, kid: key.kid }, judging, actor);
    const { now } = actor.request;
    const composed = this.issuer.compose({ holder, limits, epoch, key, name, mintedBy: actor.identityId, now });
    const sign = (): string => this.issuer.signClaims(composed.claims, key);
    const audit = auditRow(actor, event, { ...target, tokenId: composed.row.id });
    const { rootOrganizationId } = holder;
    const mint = { token: composed.row, audit, kept: null, judgement, rootOrganizationId };
    if (repeatable) {
      const once = { ...mint, kept: keptOf(repeatable, actor.identityId, composed) };
      const issued = { ...composed, text: sign() };
      return this.turns.run(`${actor.identityId} ${repeatable.key}`, () =>
        this.mintOnce(actor, issued, once, key, proposal),
      );
    }
    const text = await this.write(mint, sign, judging);
    return text === null ? null : { ...composed, text };
  }

  /** What is remembered goes along with others and waits for nothing; what PostgreSQL has just said goes alone. */
  private async write(mint: ProposedMint, sign: () => string, { fromMemory }: Judging): Promise<string | null> {
    return fromMemory ? this.batches.mint(mint, sign) : this.batches.alone(mint, sign);
  }

  /** Mints, or finds what an earlier request minted; until then, everything stays as it was judged. */
  private async mintOnce(
    actor: Actor,
    issued: IssuedToken,
    mint: ProposedMint & { kept: IdempotencyKey },
    key: ActiveKey,
    proposal: MintProposal,
  ): Promise<IssuedToken | null> {
    return this.transactions.run(actor, async (tx) => {
      const outcome = await mintIfAsJudged(tx, mint);
      this.accessTokens.checkTrust();
      if (outcome === 'minted') return issued;
      const row = outcome === 'repeated' ? await findEarlierMint(tx, mint.kept) : null;
      if (!row) return null;
      const claims = this.issuer.claimsOfEarlier(row, proposal);
      await assertStillGood(tx, row, claims, issued.row.createdAt);
      if (row.kid !== key.kid) await tx.update(AccessToken, { id: row.id }, { kid: key.kid });
      const expiresIn = claims.exp - claims.iat;
      return { ...issued, text: this.issuer.signClaims(claims, key), row, claims, expiresIn };
    });
  }
}
