import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Audited } from '../audit-event/audited.js';
import { ApiErrors } from '../common/errors/api-errors.js';
import { type Actor, CurrentActor } from '../permission/actor.js';
import { RequirePermission } from '../permission/require-permission.js';
import { OrganizationReader } from './organization-reader.service.js';
import {
  CreateSubOrganizationDto,
  ListSubOrganizationsQueryDto,
  SubOrganizationListResponseDto,
  SubOrganizationResponseDto,
  UpdateSubOrganizationDto,
} from './sub-organization.dto.js';
import { SubOrganizationService } from './sub-organization.service.js';

@ApiTags('Sub Organizations')
@ApiErrors()
@Controller('v1/sub-organizations')
export class SubOrganizationController {
  constructor(
    private readonly subOrganizations: SubOrganizationService,
    private readonly organizations: OrganizationReader,
  ) {}

  /**
   * Create a sub-organization
   * @remarks Only with a token of the root organization: sub-organizations do not nest. The caller becomes its admin.
   */
  @Post()
  @HttpCode(200)
  @Audited('create-sub-organization')
  @RequirePermission({ subject: 'sub-organization', action: 'create' })
  async createSubOrganization(
    @CurrentActor() actor: Actor,
    @Body() dto: CreateSubOrganizationDto,
  ): Promise<SubOrganizationResponseDto> {
    return SubOrganizationResponseDto.from(await this.subOrganizations.create(actor, dto));
  }

  /**
   * List the sub-organizations
   * @remarks Those of the caller's root organization. A token of a sub-organization sees that one alone.
   */
  @Get()
  listSubOrganizations(
    @CurrentActor() actor: Actor,
    @Query() query: ListSubOrganizationsQueryDto,
  ): Promise<SubOrganizationListResponseDto> {
    return this.organizations.listBelow(actor, query);
  }

  /**
   * Change a sub-organization's name or slug
   * @remarks A name on its own keeps the slug.
   */
  @Patch(':subOrgId')
  @Audited('update-sub-organization')
  @RequirePermission({ subject: 'sub-organization', action: 'edit' })
  async updateSubOrganization(
    @CurrentActor() actor: Actor,
    @Param('subOrgId') subOrgId: string,
    @Body() dto: UpdateSubOrganizationDto,
  ): Promise<SubOrganizationResponseDto> {
    return SubOrganizationResponseDto.from(await this.subOrganizations.update(actor, subOrgId, dto));
  }

  /**
   * Delete a sub-organization
   * @remarks Revokes every token that is scoped to it. Its slug can be used again. Returns 400 while the sub-organization owns an identity with delete protection.
   */
  @Delete(':subOrgId')
  @Audited('delete-sub-organization')
  @RequirePermission({ subject: 'sub-organization', action: 'delete' })
  async deleteSubOrganization(
    @CurrentActor() actor: Actor,
    @Param('subOrgId') subOrgId: string,
  ): Promise<SubOrganizationResponseDto> {
    return SubOrganizationResponseDto.from(await this.subOrganizations.delete(actor, subOrgId));
  }
}
