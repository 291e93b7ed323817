import { Controller, Get, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiErrors } from '../../common/errors/api-errors.js';
import { AppConfig } from '../../config/app-config.js';
import { Public } from '../public.decorator.js';
import { SigningKeys } from './signing-keys.service.js';
import { JwkDto, JwksDto, ServerMetadataDto } from './well-known.dto.js';

@ApiTags('Discovery')
@ApiErrors()
@Public()
@Controller('.well-known')
export class WellKnownController {
  constructor(
    private readonly keys: SigningKeys,
    private readonly config: AppConfig,
  ) {}

  /**
   * Read the public keys that tokens are signed by
   * @remarks A JSON Web Key Set (RFC 7517): the key that signs, those whose tokens may still live, and the one that signs next, which is here for longer than the answer may be kept before it signs. A key that was revoked is not in it. A good signature alone doesn't say that a token was not revoked.
   */
  @Get('jwks.json')
  async getJwks(@Res({ passthrough: true }) reply: FastifyReply): Promise<JwksDto> {
    const keys = await this.keys.published();
    this.mayBeKept(reply);
    return { keys: keys.map((key) => JwkDto.from(key)) };
  }

  /**
   * Read what the service is to OAuth clients
   * @remarks Authorization server metadata (RFC 8414). There is no token endpoint: tokens are minted by the API.
   */
  @Get('oauth-authorization-server')
  getServerMetadata(@Res({ passthrough: true }) reply: FastifyReply): ServerMetadataDto {
    this.mayBeKept(reply);
    return ServerMetadataDto.of(this.config.issuer);
  }

  private mayBeKept(reply: FastifyReply): void {
    void reply.header('cache-control', `public, max-age=${this.config.JWKS_MAX_AGE}`);
  }
}
