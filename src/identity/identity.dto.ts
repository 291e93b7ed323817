import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsObject, ValidateNested } from 'class-validator';
import { BooleanField, Optional, TextField } from '../common/validation/fields.js';
import { Flag, Text, Time, Uuid } from '../common/validation/response-fields.js';
import type { IdentityMembership } from './identity-views.js';

const MAX_METADATA = 64;

export class MetadataInputDto {
  @TextField({ required: true, minLength: 1, maxLength: 255 })
  key: string;

  @TextField({ required: true, minLength: 1, maxLength: 1024 })
  value: string;
}

export class CreateIdentityDto {
  @TextField({
    required: true,
    maxLength: 255,
    description: 'A name to tell the identity by',
    example: 'deploy-pipeline',
  })
  name: string;

  @TextField({
    required: true,
    maxLength: 255,
    publish: false,
    description: "The organization that is to own it: the caller's own",
  })
  organizationId: string;

  @TextField({
    minLength: 1,
    maxLength: 64,
    publish: false,
    default: 'no-access',
    description: 'Slug of the role that it gets there',
  })
  role?: string;

  @BooleanField({ default: false, description: 'Whether it is to be kept from deletion' })
  hasDeleteProtection?: boolean;

  /** Notes on the identity, in order */
  @Optional()
  @IsArray()
  @ArrayMaxSize(MAX_METADATA)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => MetadataInputDto)
  @ApiProperty({ type: [MetadataInputDto], required: false, maxItems: MAX_METADATA })
  metadata?: MetadataInputDto[];
}

export class MetadataDto {
  @Text()
  id: string;

  @Text()
  key: string;

  @Text()
  value: string;
}

/** A machine identity as its creation and changes answer it. */
export class IdentityDto {
  @Uuid()
  id: string;

  @Text()
  name: string;

  @Text({ nullable: true, required: false })
  authMethod: string | null;

  @Time()
  createdAt: Date;

  @Time()
  updatedAt: Date;

  @Flag({ default: false, required: false })
  hasDeleteProtection: boolean;

  @Uuid()
  orgId: string;

  @Text({ nullable: true, required: false })
  projectId: string | null;

  @ApiProperty({ type: [String] })
  authMethods: string[];

  @ApiProperty({ type: [MetadataDto] })
  metadata: MetadataDto[];
}

export class IdentityResponseDto {
  @ApiProperty({ type: IdentityDto })
  identity: IdentityDto;
}

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

/** A machine identity as a member of the caller's organization. */
export class IdentityMembershipDto {
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

  @ApiProperty({ type: [MetadataEntryDto], required: false })
  metadata: MetadataEntryDto[];

  /** Left out for built-in roles */
  @ApiProperty({ type: CustomRoleDto, required: false })
  customRole?: CustomRoleDto;

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
      ...(role ? { customRole: role } : {}),
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
