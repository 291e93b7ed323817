import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { auditRow, type AuditTarget } from '../audit-event/audit-events.service.js';
import type { AuditEventName } from '../audit-event/audit-event-names.js';
import { AppError, ServiceUnavailableError } from '../common/errors/app-error.js';
import { AccessToken } from '../database/entities/access-token.entity.js';
import type { IdempotencyKey } from '../database/entities/idempotency-key.entity.js';
import { inTransaction } from '../database/transaction.js';
import type { Actor } from '../permission/actor.js';
import { RevocationLog } from '../revocation/revocation-log.service.js';
import { AccessTokenService } from './access-token.service.js';
import { TOKEN_AUTH } from './access-token-claims.js';
import { findEarlierMint, keptOf, type RepeatableRequest } from './idempotency.js';
import { mintIfAsJudged, type MintJudgement, type MintRows } from './mint-statement.js';
import type { ActiveKey } from './signing-keys.service.js';
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

const ATTEMPTS = 2;

/**
 * Memory proposes, the statement decides: a mint is judged, signed, and written only if all is still as judged.
 * If not, it is judged again from PostgreSQL, the caller included, once.
 */
@Injectable()
export class TokenMinter {
  constructor(
    private readonly dataSource: DataSource,
    private readonly issuer: TokenIssuer,
    private readonly accessTokens: AccessTokenService,
    private readonly revocations: RevocationLog,
  ) {}

  async mint(caller: Actor, judge: (actor: Actor) => Promise<MintProposal>): Promise<IssuedToken> {
    let actor = caller;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const proposal = await this.propose(judge, actor, { mayBeWrong: attempt < ATTEMPTS });
      const issued = proposal && (await this.attempt(actor, proposal));
      if (issued) return issued;
      actor = await this.accessTokens.judgeAgain(caller);
      await this.issuer.refreshKeys();
    }
    throw new ServiceUnavailableError('What the token rests on changes too fast; nothing was minted');
  }

  /** What memory would refuse is judged again before anybody is told so: null. */
  private async propose(
    judge: (actor: Actor) => Promise<MintProposal>,
    actor: Actor,
    { mayBeWrong }: { mayBeWrong: boolean },
  ): Promise<MintProposal | null> {
    try {
      return await judge(actor);
    } catch (error) {
      if (mayBeWrong && error instanceof AppError) return null;
      throw error;
    }
  }

  private async attempt(actor: Actor, proposal: MintProposal): Promise<IssuedToken | null> {
    const { holder, limits, name, judgement, event, target, repeatable } = proposal;
    const key = this.issuer.activeKey();
    const place = { ...holder, authMethod: TOKEN_AUTH, kid: key.kid };
    const epoch = await this.revocations.epochOf(this.dataSource.manager, place);
    const { now } = actor.request;
    const issued = this.issuer.issue({ holder, limits, epoch, key, name, mintedBy: actor.identityId, now });
    const audit = auditRow(actor, event, { ...target, tokenId: issued.row.id });
    const { rootOrganizationId } = holder;
    const rows = { token: issued.row, audit, kept: null, rootOrganizationId };
    if (repeatable) {
      return this.mintOnce(issued, { ...rows, kept: keptOf(repeatable, actor.identityId, issued) }, judgement, key);
    }
    return (await mintIfAsJudged(this.dataSource.manager, rows, judgement)) === 'minted' ? issued : null;
  }

  /** Mints, or finds what an earlier request minted; until then, everything stays as it was judged. */
  private async mintOnce(
    issued: IssuedToken,
    rows: MintRows & { kept: IdempotencyKey },
    judgement: MintJudgement,
    key: ActiveKey,
  ): Promise<IssuedToken | null> {
    return inTransaction(this.dataSource, async (tx) => {
      const outcome = await mintIfAsJudged(tx, rows, judgement);
      if (outcome === 'minted') return issued;
      const earlier = outcome === 'repeated' ? await findEarlierMint(tx, rows.kept, issued.row.createdAt) : null;
      if (!earlier) return null;
      const { row, claims } = earlier;
      if (row.kid !== key.kid) await tx.update(AccessToken, { id: row.id }, { kid: key.kid });
      const expiresIn = claims.exp - claims.iat;
      return { ...issued, text: this.issuer.signClaims(claims, key), row, claims, expiresIn };
    });
  }
}
