import { Body, Controller, Delete, HttpCode, Param, Patch, Post, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Audited } from '../audit-event/audited.js';
import { ApiErrors } from '../common/errors/api-errors.js';
import { type Actor, CurrentActor } from '../permission/actor.js';
import { RequirePermission } from '../permission/require-permission.js';
import { AddMemberDto, MembershipResponseDto, UpdateMemberDto } from './membership.dto.js';
import { MembershipService } from './membership.service.js';
import { SubOrganizationResponseDto } from './sub-organization.dto.js';

@ApiTags('Sub Organizations')
@ApiErrors()
@Controller('v1/sub-organizations/:subOrgId/memberships')
export class MembershipController {
  constructor(private readonly memberships: MembershipService) {}

  /**
   * Join a sub-organization
   * @remarks The caller becomes a member with the built-in role that it has in the root organization; with a custom role there, it joins with `no-access`.
   */
  @Post()
  @HttpCode(200)
  @Audited('create-sub-organization-membership')
  @RequirePermission({ subject: 'sub-organization', action: 'direct-access' })
  async createSubOrganizationMembership(
    @CurrentActor() actor: Actor,
    @Param('subOrgId') subOrgId: string,
  ): Promise<SubOrganizationResponseDto> {
    return SubOrganizationResponseDto.from(await this.memberships.join(actor, subOrgId));
  }

  /**
   * Add an identity to a sub-organization
   * @remarks The root organization must own the identity. The administrators of the sub-organization can create tokens for it from then on, so the caller also needs `create-token` and every permission that the identity has in the root organization. The caller must hold every permission of the role in the root organization. A role with `create-token` also needs every root permission of the members that it can create tokens for.
   */
  @Put(':identityId')
  @Audited('create-sub-organization-membership')
  @RequirePermission({ subject: 'sub-organization', action: 'grant-privileges' })
  async addSubOrganizationMember(
    @CurrentActor() actor: Actor,
    @Param('subOrgId') subOrgId: string,
    @Param('identityId') identityId: string,
    @Body() dto: AddMemberDto,
  ): Promise<MembershipResponseDto> {
    return MembershipResponseDto.from(await this.memberships.add(actor, subOrgId, identityId, dto));
  }

  /**
   * Change a membership's role, or switch it off or on
   * @remarks Switching a membership off is reversible: its tokens are rejected until it is on again. Switching it on needs the same permissions as adding the identity. The caller must hold every permission of the old and the new role in the root organization.
   */
  @Patch(':identityId')
  @Audited('update-sub-organization-membership')
  @RequirePermission({ subject: 'sub-organization', action: 'grant-privileges' })
  async updateSubOrganizationMember(
    @CurrentActor() actor: Actor,
    @Param('subOrgId') subOrgId: string,
    @Param('identityId') identityId: string,
    @Body() dto: UpdateMemberDto,
  ): Promise<MembershipResponseDto> {
    return MembershipResponseDto.from(await this.memberships.update(actor, subOrgId, identityId, dto));
  }

  /**
   * Remove an identity from a sub-organization
   * @remarks Its tokens that work there are revoked for good, also when it is added again.
   */
  @Delete(':identityId')
  @Audited('delete-sub-organization-membership')
  @RequirePermission({ subject: 'sub-organization', action: 'grant-privileges' })
  async removeSubOrganizationMember(
    @CurrentActor() actor: Actor,
    @Param('subOrgId') subOrgId: string,
    @Param('identityId') identityId: string,
  ): Promise<MembershipResponseDto> {
    return MembershipResponseDto.from(await this.memberships.remove(actor, subOrgId, identityId));
  }
}
