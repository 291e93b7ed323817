import { Injectable } from '@nestjs/common';
import { AccessTokenService } from '../access-token/access-token.service.js';
import { TokenProof } from '../access-token/token-proof.service.js';
import { Clock } from '../common/clock.js';
import type { RequestContext } from '../common/http/request-context.js';
import type { Actor } from '../permission/actor.js';
import { Permissions } from '../permission/permissions.service.js';

/** Who may follow the revocations, at the start and as long as it lasts. */
@Injectable()
export class FollowerAccess {
  constructor(
    private readonly proof: TokenProof,
    private readonly accessTokens: AccessTokenService,
    private readonly permissions: Permissions,
    private readonly clock: Clock,
  ) {}

  check(actor: Actor): void {
    this.permissions.check(actor, 'access-token', 'follow-revocations');
  }

  /** Judges a caller again as if it came anew now. Costs no use. */
  async judgeAgain(text: string, request: RequestContext): Promise<void> {
    const token = await this.proof.prove(text);
    this.check(await this.accessTokens.verifyWithoutUse(token, { ...request, now: this.clock.now() }));
  }
}
