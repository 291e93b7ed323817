import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { TextField } from '../common/validation/fields.js';
import { Text, Time, Uuid } from '../common/validation/response-fields.js';
import { MatchesSlug } from '../common/validation/slug-field.js';
import type { Role } from '../database/entities/role.entity.js';
import { type PermissionRuleInputDto, PermissionRulesField } from './permission-rule.dto.js';

const SlugField = ({ required }: { required: boolean }): PropertyDecorator =>
  applyDecorators(
    TextField({
      required,
      minLength: 1,
      maxLength: 64,
      description:
        'The name by which memberships take the role: words of a-z and 0-9 joined by single hyphens, unique in the organization. Names of built-in roles are reserved.',
      example: 'token-minter',
    }),
    MatchesSlug(),
  );

const NameField = ({ required }: { required: boolean }): PropertyDecorator =>
  TextField({ required, maxLength: 255, description: 'A name for people', example: 'Token minter' });

const DescriptionField = (): PropertyDecorator =>
  TextField({ maxLength: 1024, description: 'What the role is for', example: 'Mints tokens for deployments' });

export class CreateRoleDto {
  @SlugField({ required: true })
  slug: string;

  @NameField({ required: true })
  name: string;

  @DescriptionField()
  description?: string;

  @PermissionRulesField({ required: true })
  permissions: PermissionRuleInputDto[];
}

/** What is left out stays as it is. */
export class UpdateRoleDto {
  @SlugField({ required: false })
  slug?: string;

  @NameField({ required: false })
  name?: string;

  @DescriptionField()
  description?: string;

  @PermissionRulesField({ required: false })
  permissions?: PermissionRuleInputDto[];
}

export class PermissionRuleDto {
  @Text()
  subject: string;

  @ApiProperty({ type: [String] })
  action: string[];
}

/** A role that an organization made for itself. */
export class RoleDto {
  @Uuid()
  id: string;

  @Text()
  name: string;

  @Text()
  slug: string;

  @Text({ nullable: true })
  description: string | null;

  @ApiProperty({ type: [PermissionRuleDto] })
  permissions: PermissionRuleDto[];

  @Uuid()
  orgId: string;

  @Time()
  createdAt: Date;

  @Time()
  updatedAt: Date;

  static from({ id, name, slug, description, permissions, organizationId, createdAt, updatedAt }: Role): RoleDto {
    return { id, name, slug, description, permissions, orgId: organizationId, createdAt, updatedAt };
  }
}

export class RoleResponseDto {
  @ApiProperty({ type: RoleDto })
  role: RoleDto;

  static from(role: Role): RoleResponseDto {
    return { role: RoleDto.from(role) };
  }
}

export class RoleListResponseDto {
  @ApiProperty({ type: [RoleDto] })
  roles: RoleDto[];

  static from(roles: Role[]): RoleListResponseDto {
    return { roles: roles.map((role) => RoleDto.from(role)) };
  }
}
