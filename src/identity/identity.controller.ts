import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiErrors } from '../common/errors/api-errors.js';
import { type Actor, CurrentActor } from '../permission/actor.js';
import { RequirePermission } from '../permission/require-permission.js';
import {
  CreateIdentityDto,
  IdentityDetailsResponseDto,
  IdentityMembershipResponseDto,
  IdentityResponseDto,
} from './identity.dto.js';
import { IdentityService } from './identity.service.js';

@ApiTags('Identities')
@ApiErrors()
@Controller('v1/identities')
export class IdentityController {
  constructor(private readonly identities: IdentityService) {}

  /**
   * Create a machine identity
   * @remarks It becomes a member of the caller's organization with the role given. Attach Token Auth to it next, then create a token.
   */
  @Post()
  @HttpCode(200)
  @RequirePermission({ subject: 'identity', action: 'create' })
  createMachineIdentity(@CurrentActor() actor: Actor, @Body() dto: CreateIdentityDto): Promise<IdentityResponseDto> {
    return this.identities.create(actor, dto);
  }

  /** Read the organization that the caller's token works in */
  @Get('details')
  getOwnIdentityDetails(@CurrentActor() actor: Actor): Promise<IdentityDetailsResponseDto> {
    return this.identities.details(actor);
  }

  /** Read a machine identity */
  @Get(':identityId')
  @RequirePermission({ subject: 'identity', action: 'read' })
  getMachineIdentityById(
    @CurrentActor() actor: Actor,
    @Param('identityId') identityId: string,
  ): Promise<IdentityMembershipResponseDto> {
    return this.identities.get(actor, identityId);
  }
}
