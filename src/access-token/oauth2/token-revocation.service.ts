import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../common/http/request-context.js';
import type { Actor } from '../../permission/actor.js';
import { AccessTokenRefusedError, AddressNotAllowedError, type DenialReason } from '../access-token-errors.js';
import { AccessTokenService } from '../access-token.service.js';
import { Authority } from '../authority.service.js';
import { FailedCredentials } from '../rate-limit/failed-credentials.service.js';
import { SelfRevocation } from '../self-revocation.service.js';
import type { ProvenToken } from '../proven-token.js';
import { TokenProof } from '../token-proof.service.js';

/**
 * Ends tokens as RFC 7009 has it: what is no good token, or no longer, is none of the caller's worries. Only what
 * can't be known or written is: then the token may well live on.
 */
@Injectable()
export class TokenRevocation {
  constructor(
    private readonly failures: FailedCredentials,
    private readonly proof: TokenProof,
    private readonly selfRevocation: SelfRevocation,
    private readonly accessTokens: AccessTokenService,
    private readonly authority: Authority,
  ) {}

  /** Gives the reason why there was nothing to end, for the log. Possession suffices; `bearer` may do where it ends. */
  async revoke(text: string, bearer: string | null, request: RequestContext): Promise<DenialReason | undefined> {
    // A forgery counts against its address; a token that is dead already is none.
    const proof = this.failures.judge(request, () => this.proof.prove(text));
    const refusal = await reasonOf(proof.then(() => this.selfRevocation.revoke(text, request)));
    if (refusal !== 'expired' || bearer === null) return refusal;
    return reasonOf(this.revokeExpired(await this.proof.prove(text), bearer, request));
  }

  /** An expired text names a token that may live on by its renewal. A caller that may revoke it by its id may so too. */
  private async revokeExpired(token: ProvenToken, bearer: string, request: RequestContext): Promise<void> {
    const caller: Actor = await this.failures.judge(request, async () =>
      this.accessTokens.verify(await this.proof.prove(bearer), request),
    );
    const { jti, orgId } = token.claims;
    if (orgId !== caller.organizationId) throw new AccessTokenRefusedError('foreign');
    await this.authority.changeToken(caller, jti, async (tx, actor) => {
      if (!actor.permissions.has('identity', 'delete-token')) {
        await this.accessTokens.confirm(caller);
        throw new AccessTokenRefusedError('not-permitted');
      }
      await this.selfRevocation.end(tx, token, request, actor);
    });
  }
}

/** Only what speaks against a token or its bearer; every other failure stays one. */
async function reasonOf(work: Promise<void>): Promise<DenialReason | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof AccessTokenRefusedError || error instanceof AddressNotAllowedError) return error.reason;
    throw error;
  }
}
