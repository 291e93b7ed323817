import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiErrors } from '../common/errors/api-errors.js';
import { type Actor, CurrentActor } from '../permission/actor.js';
import { OrganizationReader } from './organization-reader.service.js';
import { OwnOrganizationResponseDto } from './organization.dto.js';

@ApiTags('Organizations')
@ApiErrors()
@Controller('v1/organization')
export class OrganizationController {
  constructor(private readonly organizations: OrganizationReader) {}

  /**
   * Read the caller's own organization
   * @remarks A list of one: the organization that the caller's token works in, a root or a sub-organization.
   */
  @Get()
  getOwnOrganization(@CurrentActor() actor: Actor): Promise<OwnOrganizationResponseDto> {
    return this.organizations.own(actor);
  }
}
