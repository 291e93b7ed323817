import { Body, Controller, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Public } from '../access-token/public.decorator.js';
import { ApiErrors } from '../common/errors/api-errors.js';
import { newId } from '../common/random-id.js';
import { DatabaseLimiter } from '../database/database-limiter.service.js';
import { BootstrapDto, BootstrapResponseDto } from './bootstrap.dto.js';
import { BootstrapGuard } from './bootstrap.guard.js';
import { type Administrator, BootstrapService } from './bootstrap.service.js';

@ApiTags('Admin')
@ApiErrors()
@Controller('v1/admin')
export class BootstrapController {
  constructor(
    private readonly bootstrap: BootstrapService,
    private readonly limiter: DatabaseLimiter,
  ) {}

  /**
   * Set up the instance: its first organization, admin identity and token
   * @remarks Works once. Where `BOOTSTRAP_TOKEN` is set, send it as the bearer.
   */
  @Post('bootstrap')
  @HttpCode(200)
  @Public()
  @UseGuards(BootstrapGuard)
  async bootstrapInstance(@Body() dto: BootstrapDto, @Req() request: FastifyRequest): Promise<BootstrapResponseDto> {
    const { organization, email } = dto;
    const bootstrap = () => this.bootstrap.bootstrap(organization, request.context);
    return answerOf(await this.limiter.runWithoutCaller(bootstrap), email);
  }
}

function answerOf({ organization, identity, token }: Administrator, email: string): BootstrapResponseDto {
  return {
    message: 'Successfully bootstrapped instance',
    user: { username: email, firstName: null, lastName: null, email, id: newId(), superAdmin: true },
    organization: { id: organization.id, name: organization.name, slug: organization.slug },
    identity: { id: identity.id, name: identity.name, credentials: { token } },
  };
}
