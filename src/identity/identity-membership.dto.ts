import { ApiProperty } from '@nestjs/swagger';
import { Flag, Text, Time, Uuid } from '../common/validation/response-fields.js';
import type { IdentityMembership } from './identity-views.js';

export class CustomRoleDto {
  @Uuid()
  id: string;

  @Text()
  name: string;

  @Text()
  slug: string;

  @ApiProperty({ required: false, anyOf: [{}] })
  permissions?: unknown;

  @Text({ nullable: true, required: false })
  description: string | null;

  /** The columns that are for callers, and no more. */
  static from({ id, name, slug, permissions, description }: CustomRoleDto): CustomRoleDto {
    return { id, name, slug, permissions, description };
  }
}

export class MetadataEntryDto {
  @Text({ minLength: 1 })
  id: string;

  @Text({ minLength: 1 })
  key: string;

  @Text({ minLength: 1 })
  value: string;
}

export class MemberDto {
  @Text()
  name: string;

  @Uuid()
  id: string;

  @Flag({ default: false, required: false })
  hasDeleteProtection: boolean;

  @Uuid()
  orgId: string;

  @ApiProperty({ type: [String] })
  authMethods: string[];

  @ApiProperty({ type: [String] })
  activeLockoutAuthMethods: string[];
}

/** A membership without who it is that has it. */
export class PlainMembershipDto {
  @Uuid()
  id: string;

  @Text()
  role: string;

  @Uuid({ nullable: true, required: false })
  roleId: string | null;

  @Uuid()
  orgId: string;

  @Time()
  createdAt: Date;

  @Time()
  updatedAt: Date;

  @Uuid()
  identityId: string;

  @Text({ nullable: true, required: false })
  lastLoginAuthMethod: string | null;

  @Time({ nullable: true, required: false })
  lastLoginTime: Date | null;

  /** Left out for built-in roles */
  @ApiProperty({ type: CustomRoleDto, required: false })
  customRole?: CustomRoleDto;
}

/** A machine identity as a member of the caller's organization. */
export class IdentityMembershipDto extends PlainMembershipDto {
  @ApiProperty({ type: [MetadataEntryDto], required: false })
  metadata: MetadataEntryDto[];

  @ApiProperty({ type: MemberDto })
  identity: MemberDto;

  static from({ membership, identity, role, metadata, authMethods }: IdentityMembership): IdentityMembershipDto {
    return {
      id: membership.id,
      role: membership.role,
      roleId: membership.roleId,
      orgId: membership.organizationId,
      createdAt: membership.createdAt,
      updatedAt: membership.updatedAt,
      identityId: identity.id,
      lastLoginAuthMethod: null,
      lastLoginTime: null,
      metadata,
      ...(role ? { customRole: CustomRoleDto.from(role) } : {}),
      identity: {
        name: identity.name,
        id: identity.id,
        hasDeleteProtection: identity.hasDeleteProtection,
        orgId: identity.organizationId,
        authMethods,
        activeLockoutAuthMethods: [],
      },
    };
  }
}

export class IdentityMembershipResponseDto {
  @ApiProperty({ type: IdentityMembershipDto })
  identity: IdentityMembershipDto;
}

export class OwnOrganizationDto {
  @Text()
  id: string;

  @Text()
  name: string;

  @Text()
  slug: string;
}

export class IdentityDetailsDto {
  @ApiProperty({ type: OwnOrganizationDto })
  organization: OwnOrganizationDto;
}

export class IdentityDetailsResponseDto {
  @ApiProperty({ type: IdentityDetailsDto })
  identityDetails: IdentityDetailsDto;
}
