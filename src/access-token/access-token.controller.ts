import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Audited } from '../audit-event/audited.js';
import { ApiErrors } from '../common/errors/api-errors.js';
import { HotRoute } from '../common/http/hot-route.js';
import { BodyTokenDto, RenewedTokenDto, RevokedMessageDto } from './access-token.dto.js';
import { type Bearer, RateLimits } from './rate-limit/rate-limits.service.js';
import { FailedCredentials } from './rate-limit/failed-credentials.service.js';
import { Public } from './public.decorator.js';
import { SelfRevocation } from './self-revocation.service.js';
import { TokenRenewal } from './token-renewal.service.js';

@ApiTags('Access Tokens')
@ApiErrors()
@Controller('v1/auth/token')
export class AccessTokenController {
  constructor(
    private readonly renewal: TokenRenewal,
    private readonly selfRevocation: SelfRevocation,
    private readonly failures: FailedCredentials,
    private readonly limits: RateLimits,
  ) {}

  /**
   * Renew an access token
   * @remarks The token in the body is the credential. It gets a new end, never beyond its max TTL counted from the first issue; a renewal costs no use. It counts against the rate limits of the token and its identity.
   */
  @Post('renew')
  @HotRoute()
  @HttpCode(200)
  @Audited('renew-identity-access-token')
  @Public()
  async renewIdentityAccessToken(
    @Body() dto: BodyTokenDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RenewedTokenDto> {
    request.hasBodyToken = true;
    const { context } = request;
    const admit = (bearer: Bearer): void => this.limits.admitBearer(request, bearer);
    try {
      const renewed = await this.failures.judge(context, () => this.renewal.renew(dto.accessToken, context, admit));
      const { text, expiresIn, maxTtl } = renewed;
      return { accessToken: text, expiresIn, accessTokenMaxTTL: maxTtl, tokenType: 'Bearer' };
    } finally {
      this.limits.tell(request, reply);
    }
  }

  /**
   * Revoke an access token that you hold
   * @remarks The token in the body is the credential: whoever finds a leaked token can end it.
   */
  @Post('revoke')
  @HttpCode(200)
  @Public()
  async revokeIdentityAccessToken(
    @Body() dto: BodyTokenDto,
    @Req() request: FastifyRequest,
  ): Promise<RevokedMessageDto> {
    request.hasBodyToken = true;
    const { context } = request;
    await this.failures.judge(context, () => this.selfRevocation.revoke(dto.accessToken, context));
    return { message: 'Successfully revoked access token' };
  }
}
