import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Audited } from '../audit-event/audited.js';
import { ApiErrors } from '../common/errors/api-errors.js';
import { type Actor, CurrentActor } from '../permission/actor.js';
import { RequirePermission } from '../permission/require-permission.js';
import { CreateRoleDto, RoleListResponseDto, RoleResponseDto, UpdateRoleDto } from './role.dto.js';
import { RoleService } from './role.service.js';

@ApiTags('Roles')
@ApiErrors()
@Controller('v1/organization/roles')
export class RoleController {
  constructor(private readonly roles: RoleService) {}

  /**
   * Create a role
   * @remarks It belongs to the caller's organization and can be given to its members by its slug. It can't give more than the caller holds.
   */
  @Post()
  @HttpCode(200)
  @Audited('create-org-role')
  @RequirePermission({ subject: 'role', action: 'create' })
  async createOrgRole(@CurrentActor() actor: Actor, @Body() dto: CreateRoleDto): Promise<RoleResponseDto> {
    return RoleResponseDto.from(await this.roles.create(actor, dto));
  }

  /**
   * List the roles of the caller's organization
   * @remarks Those that it made itself, oldest first. The built-in ones, which every organization has, are `admin`, `member`, `verifier` and `no-access`.
   */
  @Get()
  @RequirePermission({ subject: 'role', action: 'read' })
  async listOrgRoles(@CurrentActor() actor: Actor): Promise<RoleListResponseDto> {
    return RoleListResponseDto.from(await this.roles.list(actor));
  }

  /** Read a role by its slug */
  @Get('slug/:slug')
  @RequirePermission({ subject: 'role', action: 'read' })
  async getOrgRoleBySlug(@CurrentActor() actor: Actor, @Param('slug') slug: string): Promise<RoleResponseDto> {
    return RoleResponseDto.from(await this.roles.getBySlug(actor, slug));
  }

  /** Read a role */
  @Get(':roleId')
  @RequirePermission({ subject: 'role', action: 'read' })
  async getOrgRole(@CurrentActor() actor: Actor, @Param('roleId') roleId: string): Promise<RoleResponseDto> {
    return RoleResponseDto.from(await this.roles.get(actor, roleId));
  }

  /**
   * Change a role
   * @remarks What is left out stays; `permissions` replaces the whole list. Whoever holds the role has what it gives from then on. The caller must hold what the role gave and what it is to give.
   */
  @Patch(':roleId')
  @Audited('update-org-role')
  @RequirePermission({ subject: 'role', action: 'edit' })
  async updateOrgRole(
    @CurrentActor() actor: Actor,
    @Param('roleId') roleId: string,
    @Body() dto: UpdateRoleDto,
  ): Promise<RoleResponseDto> {
    return RoleResponseDto.from(await this.roles.update(actor, roleId, dto));
  }

  /**
   * Delete a role
   * @remarks Refused while a member holds it. The caller must hold what it gave.
   */
  @Delete(':roleId')
  @Audited('delete-org-role')
  @RequirePermission({ subject: 'role', action: 'delete' })
  async deleteOrgRole(@CurrentActor() actor: Actor, @Param('roleId') roleId: string): Promise<RoleResponseDto> {
    return RoleResponseDto.from(await this.roles.delete(actor, roleId));
  }
}
