import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bearerTokenOf } from '../../common/http/bearer-token.js';
import { AccessTokenRefusedError, AddressNotAllowedError, type DenialReason } from '../access-token-errors.js';
import { FailedCredentials } from '../rate-limit/failed-credentials.service.js';
import { SelfRevocation } from '../self-revocation.service.js';
import { TokenProof } from '../token-proof.service.js';
import { ExpiredTokenRevocation } from './expired-token-revocation.service.js';

/**
 * Revokes tokens as RFC 7009 defines it: a token that is invalid or already revoked is no error. A request fails only
 * where the state cannot be read or written, because the token may still be valid then, or where a rate limit is exceeded.
 */
@Injectable()
export class TokenRevocation {
  constructor(
    private readonly failures: FailedCredentials,
    private readonly proof: TokenProof,
    private readonly selfRevocation: SelfRevocation,
    private readonly expired: ExpiredTokenRevocation,
  ) {}

  /**
   * Returns the reason why no token was revoked, for the log. The token in the body suffices as a credential. A bearer
   * token counts only where the token in the body has expired.
   */
  async revoke(text: string, request: FastifyRequest, reply: FastifyReply): Promise<DenialReason | undefined> {
    const { context, headers } = request;
    // A forged token counts against its address; a token that has expired or was revoked does not.
    const proof = this.failures.judge(context, () => this.proof.prove(text));
    const denial = await reasonOf(proof.then(() => this.selfRevocation.revoke(text, context)));
    const bearer = bearerTokenOf(headers);
    if (denial !== 'expired' || bearer === null) return denial;
    return reasonOf(this.expired.revoke(await this.proof.prove(text), bearer, request, reply));
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
