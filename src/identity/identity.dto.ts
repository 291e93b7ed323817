import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsObject, ValidateNested } from 'class-validator';
import { BooleanField, Optional, TextField } from '../common/validation/fields.js';
import { Flag, Text, Time, Uuid } from '../common/validation/response-fields.js';
import type { Identity } from '../database/entities/identity.entity.js';

const MAX_METADATA = 64;

export class MetadataInputDto {
  @TextField({ required: true, minLength: 1, maxLength: 255 })
  key: string;

  @TextField({ required: true, minLength: 1, maxLength: 1024 })
  value: string;
}

const MetadataField = (description: string): PropertyDecorator =>
  applyDecorators(
    Optional(),
    IsArray(),
    ArrayMaxSize(MAX_METADATA),
    IsObject({ each: true }),
    ValidateNested({ each: true }),
    Type(() => MetadataInputDto),
    ApiProperty({ type: [MetadataInputDto], required: false, maxItems: MAX_METADATA, description }),
  );

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

  @MetadataField('Notes on the identity, in order')
  metadata?: MetadataInputDto[];
}

export class UpdateIdentityDto {
  @TextField({ maxLength: 255, description: 'The new name; left out: unchanged', example: 'deploy-pipeline' })
  name?: string;

  @TextField({
    minLength: 1,
    maxLength: 64,
    publish: false,
    description: 'Slug of the role that it has from now on; left out: unchanged',
    example: 'member',
  })
  role?: string;

  @BooleanField({ description: 'Whether it is to be kept from deletion; left out: unchanged' })
  hasDeleteProtection?: boolean;

  @MetadataField('Notes that replace all that there are; left out: unchanged')
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

/** A machine identity by itself. */
export class PlainIdentityDto {
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

  static from(identity: Identity): PlainIdentityDto {
    const { id, name, createdAt, updatedAt, hasDeleteProtection, organizationId: orgId } = identity;
    return { id, name, authMethod: null, createdAt, updatedAt, hasDeleteProtection, orgId, projectId: null };
  }
}

/** A machine identity as its creation answers it. */
export class IdentityDto extends PlainIdentityDto {
  @ApiProperty({ type: [String] })
  authMethods: string[];

  @ApiProperty({ type: [MetadataDto] })
  metadata: MetadataDto[];
}

/** A machine identity as a change answers it. */
export class UpdatedIdentityDto extends PlainIdentityDto {
  @ApiProperty({ type: [MetadataDto] })
  metadata: MetadataDto[];

  @ApiProperty({ type: [String], required: false })
  authMethods: string[];
}

export class IdentityResponseDto {
  @ApiProperty({ type: IdentityDto })
  identity: IdentityDto;
}

export class UpdatedIdentityResponseDto {
  @ApiProperty({ type: UpdatedIdentityDto })
  identity: UpdatedIdentityDto;
}

export class DeletedIdentityResponseDto {
  @ApiProperty({ type: PlainIdentityDto })
  identity: PlainIdentityDto;
}
