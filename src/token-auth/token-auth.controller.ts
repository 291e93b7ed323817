import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Audited } from '../audit-event/audited.js';
import { ApiErrors } from '../common/errors/api-errors.js';
import { HotRoute } from '../common/http/hot-route.js';
import { type Actor, CurrentActor } from '../permission/actor.js';
import { RequirePermission } from '../permission/require-permission.js';
import { AttachTokenAuthDto, TokenAuthConfigResponseDto, UpdateTokenAuthDto } from './token-auth-config.dto.js';
import { IdempotencyKeyHeader } from './idempotency-key-header.js';
import { TokenAuthService } from './token-auth.service.js';
import {
  CreateTokenDto,
  CreateTokenResponseDto,
  ListTokensQueryDto,
  MessageResponseDto,
  TokenListResponseDto,
  TokenResponseDto,
  UpdateTokenDto,
} from './token.dto.js';

const CREATE_TOKEN_EXAMPLES = {
  here: { summary: "For the caller's own organization", value: { name: 'deploy-pipeline' } },
  below: {
    summary: 'For a sub-organization',
    value: { name: 'deploy-pipeline', organizationSlug: 'payments-eu' },
  },
};

@ApiTags('Token Auth')
@ApiErrors()
@Controller('v1/auth/token-auth')
export class TokenAuthController {
  constructor(private readonly tokenAuth: TokenAuthService) {}

  /**
   * Create a token for a machine identity
   * @remarks The answer is the only place where the token's text is ever shown. Without `organizationSlug` the token works where the caller's does. With an `Idempotency-Key` header (1 to 64 printable characters), a repetition by the same identity within 24 hours gives the same token again; another body, or a token that is no longer good, is a 400.
   */
  @Post('identities/:identityId/tokens')
  @HotRoute()
  @HttpCode(200)
  @Audited('create-token-identity-token-auth')
  @RequirePermission({ subject: 'identity', action: 'create-token' })
  @ApiBody({ type: CreateTokenDto, required: false, examples: CREATE_TOKEN_EXAMPLES })
  createTokenAuthToken(
    @CurrentActor() actor: Actor,
    @Param('identityId') identityId: string,
    @Body() dto: CreateTokenDto,
    @IdempotencyKeyHeader() key?: string,
  ): Promise<CreateTokenResponseDto> {
    return this.tokenAuth.createToken(actor, identityId, dto, key);
  }

  /**
   * List the tokens of a machine identity
   * @remarks Newest first, revoked and expired ones included. Returns the tokens that are scoped to the caller's organization. The root organization that owns the identity also gets its tokens in sub-organizations; `subOrganizationId` says which.
   */
  @Get('identities/:identityId/tokens')
  @RequirePermission({ subject: 'identity', action: 'get-token' })
  getTokenAuthTokens(
    @CurrentActor() actor: Actor,
    @Param('identityId') identityId: string,
    @Query() query: ListTokensQueryDto,
  ): Promise<TokenListResponseDto> {
    return this.tokenAuth.listTokens(actor, identityId, query);
  }

  /**
   * Read a token's record
   * @remarks The token is scoped to the caller's organization. The root organization that owns the identity also reads its tokens in sub-organizations. Any other token is a 404.
   */
  @Get('tokens/:tokenId')
  @HotRoute()
  @RequirePermission({ subject: 'identity', action: 'get-token' })
  getTokenAuthTokenById(@CurrentActor() actor: Actor, @Param('tokenId') tokenId: string): Promise<TokenResponseDto> {
    return this.tokenAuth.readToken(actor, tokenId);
  }

  /**
   * Rename a token
   * @remarks The caller needs every permission that the identity of the token has in any organization. The root organization that owns the identity also renames its tokens in sub-organizations.
   */
  @Patch('tokens/:tokenId')
  @Audited('update-token-identity-token-auth')
  @RequirePermission({ subject: 'identity', action: 'create-token' })
  updateTokenAuthToken(
    @CurrentActor() actor: Actor,
    @Param('tokenId') tokenId: string,
    @Body() dto: UpdateTokenDto,
  ): Promise<TokenResponseDto> {
    return this.tokenAuth.renameToken(actor, tokenId, dto);
  }

  /**
   * Revoke a token
   * @remarks Every replica rejects the token within one second. Idempotent. The root organization that owns the identity also revokes its tokens in sub-organizations; the audit logs of both organizations record it.
   */
  @Post('tokens/:tokenId/revoke')
  @HttpCode(200)
  @Audited('revoke-token-identity-token-auth')
  @RequirePermission({ subject: 'identity', action: 'delete-token' })
  revokeTokenAuthToken(@CurrentActor() actor: Actor, @Param('tokenId') tokenId: string): Promise<MessageResponseDto> {
    return this.tokenAuth.revokeToken(actor, tokenId);
  }

  /** Attach Token Auth to a machine identity */
  @Post('identities/:identityId')
  @HttpCode(200)
  @Audited('add-identity-token-auth')
  @RequirePermission({ subject: 'identity', action: 'edit-auth' })
  attachTokenAuth(
    @CurrentActor() actor: Actor,
    @Param('identityId') identityId: string,
    @Body() dto: AttachTokenAuthDto,
  ): Promise<TokenAuthConfigResponseDto> {
    return this.tokenAuth.attach(actor, identityId, dto);
  }

  /**
   * Change the Token Auth of a machine identity
   * @remarks Issued tokens keep their TTL and use limit. Changed addresses apply to issued tokens too. Returns 400 if the root organization would have no administrator left that can use the API: the last one needs a TTL and max TTL of 0 or at least 60 seconds, a uses limit of 0 or at least 2, and addresses that include the address of this request.
   */
  @Patch('identities/:identityId')
  @Audited('update-identity-token-auth')
  @RequirePermission({ subject: 'identity', action: 'edit-auth' })
  updateTokenAuth(
    @CurrentActor() actor: Actor,
    @Param('identityId') identityId: string,
    @Body() dto: UpdateTokenAuthDto,
  ): Promise<TokenAuthConfigResponseDto> {
    return this.tokenAuth.update(actor, identityId, dto);
  }

  /** Read the Token Auth of a machine identity */
  @Get('identities/:identityId')
  @RequirePermission({ subject: 'identity', action: 'read' })
  getTokenAuth(
    @CurrentActor() actor: Actor,
    @Param('identityId') identityId: string,
  ): Promise<TokenAuthConfigResponseDto> {
    return this.tokenAuth.getConfig(actor, identityId);
  }

  /**
   * Detach Token Auth from a machine identity
   * @remarks Revokes every token of the identity. Their records stay readable. Returns 400 for the last administrator of the root organization.
   */
  @Delete('identities/:identityId')
  @Audited('revoke-identity-token-auth')
  @RequirePermission({ subject: 'identity', action: 'revoke-auth' })
  deleteTokenAuth(
    @CurrentActor() actor: Actor,
    @Param('identityId') identityId: string,
  ): Promise<TokenAuthConfigResponseDto> {
    return this.tokenAuth.detach(actor, identityId);
  }

  /**
   * Read a token's record (older spelling)
   * @deprecated
   */
  @Get('identities/:identityId/tokens/:tokenId')
  @RequirePermission({ subject: 'identity', action: 'get-token' })
  @ApiOperation({ deprecated: true })
  getTokenAuthTokenByIdDeprecated(
    @CurrentActor() actor: Actor,
    @Param('identityId') identityId: string,
    @Param('tokenId') tokenId: string,
  ): Promise<TokenResponseDto> {
    return this.tokenAuth.readTokenOf(actor, identityId, tokenId);
  }
}
