import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { applyDecorators } from '@nestjs/common';
import { ChoiceField } from '../common/validation/choice-field.js';
import { IntegerField, TextField } from '../common/validation/fields.js';
import { Count, Uuid } from '../common/validation/response-fields.js';
import { SlugField } from '../common/validation/slug-field.js';
import type { Organization } from '../database/entities/organization.entity.js';
import { OrganizationDto } from './organization.dto.js';

/** Letters and digits of any script, blanks, dashes and underscores. */
const NAME = /^[\p{L}\p{M}\p{N} _-]+$/u;

const NameField = (options: { required?: boolean; description: string }): PropertyDecorator =>
  applyDecorators(
    TextField({ minLength: 1, maxLength: 64, example: 'Payments EU', ...options }),
    Matches(NAME, { message: '$property must hold letters, digits, blanks, dashes and underscores only' }),
  );

export class CreateSubOrganizationDto {
  @NameField({ required: true, description: 'Display name: letters, digits, blanks, dashes, underscores' })
  name: string;

  @SlugField({ description: 'Unique within the root; left out: derived from the name', example: 'payments-eu' })
  slug?: string;
}

export class UpdateSubOrganizationDto {
  @NameField({ description: 'New display name; left out: unchanged' })
  name?: string;

  @SlugField({ description: 'New slug; left out: unchanged, whatever the name', example: 'payments-eu' })
  slug?: string;
}

export class ListSubOrganizationsQueryDto {
  @IntegerField({ type: 'number', minimum: 1, maximum: 1000, default: 25, description: 'Records to return' })
  limit?: number;

  @IntegerField({
    type: 'number',
    minimum: 0,
    maximum: 2_147_483_647,
    publishMaximum: false,
    default: 0,
    description: 'Records to skip',
  })
  offset?: number;

  @TextField({ maxLength: 255, publish: false, description: 'Part of the name, in any case' })
  search?: string;

  @ChoiceField(['name'], { default: 'name', description: 'What to sort by' })
  orderBy?: 'name';

  @ChoiceField(['asc', 'desc'], { default: 'asc', description: 'Which way to sort' })
  orderDirection?: 'asc' | 'desc';

  @ChoiceField(['true', 'false'], { description: 'true: only those that the caller is an active member of' })
  isAccessible?: 'true' | 'false';
}

export class SubOrganizationDto extends OrganizationDto {
  @Uuid({ nullable: true, required: false })
  parentOrgId: string | null;

  static override from(organization: Organization): SubOrganizationDto {
    return { ...OrganizationDto.from(organization), parentOrgId: organization.parentId };
  }
}

export class SubOrganizationResponseDto {
  @ApiProperty({ type: SubOrganizationDto })
  organization: SubOrganizationDto;

  static from(organization: Organization): SubOrganizationResponseDto {
    return { organization: SubOrganizationDto.from(organization) };
  }
}

export class SubOrganizationListResponseDto {
  @ApiProperty({ type: [SubOrganizationDto] })
  organizations: SubOrganizationDto[];

  @Count({ description: 'How many there are, on all pages' })
  totalCount: number;
}
