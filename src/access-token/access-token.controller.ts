import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Audited } from '../audit-event/audited.js';
import { ApiErrors } from '../common/errors/api-errors.js';
import { HotRoute } from '../common/http/hot-route.js';
import { BodyTokenDto, RenewedTokenDto, RevokedMessageDto } from './access-token.dto.js';
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
  ) {}

  /**
   * Renew an access token
   * @remarks The token in the body is the credential. It gets a new end, never beyond its max TTL counted from the first issue; a renewal costs no use.
   */
  @Post('renew')
  @HotRoute()
  @HttpCode(200)
  @Audited('renew-identity-access-token')
  @Public()
  async renewIdentityAccessToken(@Body() dto: BodyTokenDto, @Req() request: FastifyRequest): Promise<RenewedTokenDto> {
    request.hasBodyToken = true;
    const { context } = request;
    const renewed = await this.failures.judge(context, () => this.renewal.renew(dto.accessToken, context));
    const { text, expiresIn, maxTtl } = renewed;
    return { accessToken: text, expiresIn, accessTokenMaxTTL: maxTtl, tokenType: 'Bearer' };
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
