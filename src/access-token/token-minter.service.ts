import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { auditRow, type AuditTarget } from '../audit-event/audit-events.service.js';
import type { AuditEventName } from '../audit-event/audit-event-names.js';
import { ServiceUnavailableError } from '../common/errors/app-error.js';
import type { Actor } from '../permission/actor.js';
import { RevocationLog } from '../revocation/revocation-log.service.js';
import { AccessTokenService } from './access-token.service.js';
import { TOKEN_AUTH } from './access-token-claims.js';
import { mintIfAsJudged, type MintJudgement } from './mint-statement.js';
import { type IssuedToken, type TokenHolder, TokenIssuer, type TokenLimits } from './token-issuer.service.js';

/** A mint that was judged right. */
export interface MintProposal {
  holder: TokenHolder;
  limits: TokenLimits;
  name: string | null;
  judgement: MintJudgement;
  event: AuditEventName;
  target: AuditTarget;
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
      const issued = await this.attempt(actor, await judge(actor));
      if (issued) return issued;
      actor = await this.accessTokens.judgeAgain(caller);
      await this.issuer.refreshKeys();
    }
    throw new ServiceUnavailableError('What the token rests on changes too fast; nothing was minted');
  }

  private async attempt(actor: Actor, proposal: MintProposal): Promise<IssuedToken | null> {
    const { holder, limits, name, judgement, event, target } = proposal;
    const key = this.issuer.activeKey();
    const place = { ...holder, authMethod: TOKEN_AUTH, kid: key.kid };
    const epoch = await this.revocations.epochOf(this.dataSource.manager, place);
    const { now } = actor.request;
    const issued = this.issuer.issue({ holder, limits, epoch, key, name, mintedBy: actor.identityId, now });
    const audit = auditRow(actor, event, { ...target, tokenId: issued.row.id });
    return (await mintIfAsJudged(this.dataSource.manager, issued.row, audit, judgement)) ? issued : null;
  }
}
