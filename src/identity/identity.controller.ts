import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Audited } from '../audit-event/audited.js';
import { ApiErrors } from '../common/errors/api-errors.js';
import { type Actor, CurrentActor } from '../permission/actor.js';
import { RequirePermission } from '../permission/require-permission.js';
import { IdentityDeletion } from './identity-deletion.service.js';
import {
  IdentityListResponseDto,
  IdentityMembershipsResponseDto,
  IdentitySearchResponseDto,
  ListIdentitiesQueryDto,
  SearchIdentitiesDto,
} from './identity-list.dto.js';
import { IdentityDetailsResponseDto, IdentityMembershipResponseDto } from './identity-membership.dto.js';
import { IdentityReader } from './identity-reader.service.js';
import {
  CreateIdentityDto,
  DeletedIdentityResponseDto,
  IdentityResponseDto,
  PlainIdentityDto,
  UpdatedIdentityResponseDto,
  UpdateIdentityDto,
} from './identity.dto.js';
import { IdentityService } from './identity.service.js';
import {
  ApiMembershipsHeader,
  ListOrganizationMembershipsQueryDto,
  OrganizationMembershipListResponseDto,
} from './organization-membership.dto.js';
import { formatMemberships, MEMBERSHIPS_HEADER, type WithMemberships } from './organization-memberships.js';

const SEARCH_EXAMPLES = {
  byName: { summary: 'By part of the name', value: { search: { name: { $contains: 'deploy' } }, limit: 20 } },
  byRole: { summary: 'By role', value: { search: { role: { $in: ['admin', 'member'] } }, orderBy: 'role' } },
};

@ApiTags('Identities')
@ApiErrors()
@Controller('v1/identities')
export class IdentityController {
  constructor(
    private readonly identities: IdentityService,
    private readonly reader: IdentityReader,
    private readonly deletion: IdentityDeletion,
  ) {}

  /**
   * Create a machine identity
   * @remarks It becomes a member of the caller's organization with the role given. Attach Token Auth to it next, then create a token.
   */
  @Post()
  @HttpCode(200)
  @Audited('create-identity')
  @RequirePermission({ subject: 'identity', action: 'create' })
  createMachineIdentity(@CurrentActor() actor: Actor, @Body() dto: CreateIdentityDto): Promise<IdentityResponseDto> {
    return this.identities.create(actor, dto);
  }

  /**
   * List the machine identities of an organization
   * @remarks Oldest first. Paged when `limit` is given; without it the list ends at 1 000, and `totalCount` is true all the same.
   */
  @Get()
  @RequirePermission({ subject: 'identity', action: 'read' })
  listMachineIdentities(
    @CurrentActor() actor: Actor,
    @Query() query: ListIdentitiesQueryDto,
  ): Promise<IdentityListResponseDto> {
    return this.reader.list(actor, query);
  }

  /** Search the machine identities of the caller's organization */
  @Post('search')
  @HttpCode(200)
  @RequirePermission({ subject: 'identity', action: 'read' })
  @ApiBody({ type: SearchIdentitiesDto, examples: SEARCH_EXAMPLES })
  searchMachineIdentities(
    @CurrentActor() actor: Actor,
    @Body() dto: SearchIdentitiesDto,
  ): Promise<IdentitySearchResponseDto> {
    return this.reader.search(actor, dto);
  }

  /** Read the organization that the caller's token works in */
  @Get('details')
  getOwnIdentityDetails(@CurrentActor() actor: Actor): Promise<IdentityDetailsResponseDto> {
    return this.reader.details(actor);
  }

  /**
   * Read a machine identity
   * @remarks The header field `sub-organization-memberships` lists its memberships in sub-organizations.
   */
  @Get(':identityId')
  @ApiMembershipsHeader(IdentityMembershipResponseDto)
  @RequirePermission({ subject: 'identity', action: 'read' })
  async getMachineIdentityById(
    @CurrentActor() actor: Actor,
    @Param('identityId') identityId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<IdentityMembershipResponseDto> {
    return withHeader(reply, await this.reader.get(actor, identityId));
  }

  /**
   * Change a machine identity
   * @remarks Omitted fields stay unchanged. Changing the name, delete protection or metadata needs every permission that the identity has in any organization. Changing the role needs `grant-privileges` and every permission of the old and the new role. Memberships in sub-organizations keep their roles; the header field `sub-organization-memberships` lists them.
   */
  @Patch(':identityId')
  @Audited('update-identity')
  @ApiMembershipsHeader(UpdatedIdentityResponseDto)
  @RequirePermission({ subject: 'identity', action: 'edit' })
  async updateMachineIdentity(
    @CurrentActor() actor: Actor,
    @Param('identityId') identityId: string,
    @Body() dto: UpdateIdentityDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UpdatedIdentityResponseDto> {
    return withHeader(reply, await this.identities.update(actor, identityId, dto));
  }

  /**
   * Delete a machine identity
   * @remarks All its tokens end at once. From an organization that does not own it, only its membership there ends.
   */
  @Delete(':identityId')
  @Audited('delete-identity')
  @RequirePermission({ subject: 'identity', action: 'delete' })
  async deleteMachineIdentity(
    @CurrentActor() actor: Actor,
    @Param('identityId') identityId: string,
  ): Promise<DeletedIdentityResponseDto> {
    return { identity: PlainIdentityDto.from(await this.deletion.delete(actor, identityId)) };
  }

  /**
   * List the project memberships of a machine identity
   * @remarks Always empty: there are no projects here.
   */
  @Get(':identityId/identity-memberships')
  @RequirePermission({ subject: 'identity', action: 'read' })
  listIdentityProjectMemberships(
    @CurrentActor() actor: Actor,
    @Param('identityId') identityId: string,
  ): Promise<IdentityMembershipsResponseDto> {
    return this.reader.memberships(actor, identityId);
  }

  /**
   * List the organization memberships of a machine identity
   * @remarks Its memberships in the caller's organization and in the sub-organizations of that: the own organization first, then by slug. Memberships that are switched off are listed too.
   */
  @Get(':identityId/organization-memberships')
  @RequirePermission({ subject: 'identity', action: 'read' })
  listIdentityOrganizationMemberships(
    @CurrentActor() actor: Actor,
    @Param('identityId') identityId: string,
    @Query() query: ListOrganizationMembershipsQueryDto,
  ): Promise<OrganizationMembershipListResponseDto> {
    return this.reader.organizationMemberships(actor, identityId, query);
  }
}

/** Sets the header field and returns the body. */
function withHeader<T>(reply: FastifyReply, { body, below }: WithMemberships<T>): T {
  void reply.header(MEMBERSHIPS_HEADER, formatMemberships(below));
  return body;
}
