import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiOAuthErrors } from '../../common/errors/api-errors.js';
import { HotRoute } from '../../common/http/hot-route.js';
import { type Actor, CurrentActor } from '../../permission/actor.js';
import { RequirePermission } from '../../permission/require-permission.js';
import {
  EmptyDto,
  IntrospectionDto,
  IntrospectionsDto,
  IntrospectTokenDto,
  IntrospectTokensDto,
  RevokeTokenDto,
  SubjectDto,
} from './introspection.dto.js';
import { Introspection, type Verdict } from './introspection.service.js';
import { Public } from '../public.decorator.js';
import { SkipReadLimit } from '../read-limit.interceptor.js';
import { TokenRevocation } from './token-revocation.service.js';

const JSON_TYPE = 'application/json';
const FORM = 'application/x-www-form-urlencoded';

const BATCH_LIMIT_BYTES = 256 * 1024;

@ApiTags('OAuth 2.0')
@ApiOAuthErrors()
@Controller('oauth2')
export class OAuth2Controller {
  constructor(
    private readonly introspection: Introspection,
    private readonly revocation: TokenRevocation,
  ) {}

  /**
   * Ask whether a token is good (RFC 7662)
   * @remarks For verifiers: tokens of their own organization and of those below. The answer says what a verifier needs to decide and no more; for every token that is not good it is `{"active":false}`, whatever the reason. An active answer counts as a use of the token unless `consume` is false.
   */
  @Post('introspect')
  @HttpCode(200)
  @HotRoute()
  @ApiConsumes(JSON_TYPE, FORM)
  @RequirePermission({ subject: 'access-token', action: 'introspect' })
  async introspectToken(
    @CurrentActor() actor: Actor,
    @Body() dto: IntrospectTokenDto,
    @Req() request: FastifyRequest,
  ): Promise<IntrospectionDto> {
    const verdict = await this.introspection.introspect(actor, SubjectDto.toSubject(dto), dto.consume ?? true);
    request.inactive = inactiveOf([verdict]);
    return IntrospectionDto.from(verdict);
  }

  /**
   * Ask about up to 100 tokens at once
   * @remarks Each is answered as a question of its own would be, in the same order. Costs no uses unless `consume` is true.
   */
  @Post('introspect/batch')
  @SkipReadLimit()
  @HttpCode(200)
  @RouteConfig({ bodyLimit: BATCH_LIMIT_BYTES })
  @RequirePermission({ subject: 'access-token', action: 'introspect' })
  async introspectTokens(
    @CurrentActor() actor: Actor,
    @Body() dto: IntrospectTokensDto,
    @Req() request: FastifyRequest,
  ): Promise<IntrospectionsDto> {
    const subjects = dto.tokens.map((entry) => SubjectDto.toSubject(entry));
    const verdicts = await this.introspection.introspectAll(actor, subjects, dto.consume ?? false);
    request.inactive = inactiveOf(verdicts);
    return IntrospectionsDto.from(verdicts);
  }

  /**
   * End a token (RFC 7009)
   * @remarks The token in the body is the credential: whoever finds a leaked token can end it. The answer is the same for a token that is unknown, malformed, expired or revoked already. An expired text is no credential any more; where its token lives on by a renewal, it is ended for a caller whose bearer token may `delete-token` in its organization. That bearer token counts against its rate limits, and a denied caller is written to the audit log.
   */
  @Post('revoke')
  @HttpCode(200)
  @ApiConsumes(JSON_TYPE, FORM)
  @Public()
  async revokeToken(
    @Body() dto: RevokeTokenDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EmptyDto> {
    request.hasBodyToken = true;
    request.denialReason = await this.revocation.revoke(dto.token, request, reply);
    return {};
  }
}

/** Which tokens are not good and why, for the log; which of them are none of ours, nobody can say. */
const inactiveOf = (verdicts: Verdict[]): FastifyRequest['inactive'] =>
  verdicts.flatMap(({ tokenId, reason }) => (reason === null ? [] : [{ tokenId, reason }]));
