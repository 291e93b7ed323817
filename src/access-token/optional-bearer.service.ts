import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../permission/actor.js';
import { AccessTokenService } from './access-token.service.js';
import { FailedCredentials } from './rate-limit/failed-credentials.service.js';
import { RateLimits } from './rate-limit/rate-limits.service.js';
import { TokenProof } from './token-proof.service.js';

/** Authenticates the bearer token of a request to a public route that needs one only in some cases. */
@Injectable()
export class OptionalBearer {
  constructor(
    private readonly failures: FailedCredentials,
    private readonly proof: TokenProof,
    private readonly accessTokens: AccessTokenService,
    private readonly limits: RateLimits,
  ) {}

  /**
   * Applies what the guard applies on other routes: the limit of failed credentials, every check of the token, the rate
   * limits of the token and its identity with their header fields, and a use where the token has a limit.
   */
  async authenticate(bearer: string, request: FastifyRequest & { user?: Actor }, reply: FastifyReply): Promise<Actor> {
    const { context } = request;
    try {
      request.user = await this.failures.judge(context, async () =>
        this.accessTokens.verify(await this.proof.prove(bearer), context, (state) =>
          this.limits.admitBearer(request, state),
        ),
      );
      return request.user;
    } finally {
      this.limits.tell(request, reply);
    }
  }
}
