import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsObject, ValidateNested } from 'class-validator';
import { ChoiceField } from '../common/validation/choice-field.js';
import { IntegerField, Optional, TextField } from '../common/validation/fields.js';
import { Count, Flag, Text, Uuid } from '../common/validation/response-fields.js';
import { MemberDto, PlainMembershipDto } from './identity-membership.dto.js';
import { type TextFilter, TextFilterField } from './text-filter.js';

const MAX_ALTERNATIVES = 5;
const LAST_OFFSET = 2_147_483_647;

export class ListIdentitiesQueryDto {
  @TextField({ required: true, maxLength: 255, publish: false, description: "Organization to list: the caller's own" })
  orgId: string;

  @IntegerField({ type: 'number', minimum: 1, maximum: 1000, description: 'Records to return; left out: all' })
  limit?: number;

  @IntegerField({
    type: 'number',
    minimum: 0,
    maximum: LAST_OFFSET,
    publishMaximum: false,
    description: 'Records to skip',
  })
  offset?: number;
}

export class IdentityFilterDto {
  @TextFilterField(['$eq', '$contains', '$in'], 'Name filter: a text that it is, or part of it in any case')
  name?: TextFilter;

  @TextFilterField(['$eq', '$in'], 'Role filter: the slug that the role has')
  role?: TextFilter;
}

export class IdentitySearchDto extends IdentityFilterDto {
  @Optional()
  @IsArray()
  @ArrayMaxSize(MAX_ALTERNATIVES)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => IdentityFilterDto)
  @ApiProperty({
    type: [IdentityFilterDto],
    required: false,
    maxItems: MAX_ALTERNATIVES,
    description: 'At least one of these has to match',
  })
  $or?: IdentityFilterDto[];
}

export class SearchIdentitiesDto {
  @ChoiceField(['name', 'role'], { default: 'name', description: 'What to sort by' })
  orderBy?: 'name' | 'role';

  @ChoiceField(['asc', 'desc'], { default: 'asc', description: 'Which way to sort' })
  orderDirection?: 'asc' | 'desc';

  @IntegerField({
    type: 'number',
    minimum: 1,
    publishMinimum: false,
    maximum: 100,
    default: 50,
    description: 'Records to return',
  })
  limit?: number;

  @IntegerField({
    type: 'number',
    minimum: 0,
    publishMinimum: false,
    maximum: LAST_OFFSET,
    publishMaximum: false,
    default: 0,
    description: 'Records to skip',
  })
  offset?: number;

  /** What the identities have to match, all of it together */
  @Optional()
  @IsObject()
  @ValidateNested()
  @Type(() => IdentitySearchDto)
  @ApiProperty({ type: IdentitySearchDto, required: false })
  search?: IdentitySearchDto;
}

export class ListedMemberDto {
  @Text()
  name: string;

  @Uuid()
  id: string;

  @Flag({ default: false, required: false })
  hasDeleteProtection: boolean;

  @ApiProperty({ type: [String] })
  authMethods: string[];
}

export class ListedMembershipDto extends PlainMembershipDto {
  @ApiProperty({ type: ListedMemberDto })
  identity: ListedMemberDto;
}

export class FoundMembershipDto extends PlainMembershipDto {
  @ApiProperty({ type: MemberDto })
  identity: MemberDto;
}

export class IdentityListResponseDto {
  @ApiProperty({ type: [ListedMembershipDto] })
  identities: ListedMembershipDto[];

  @Count({ description: 'All that match, however many the list shows' })
  totalCount: number;
}

export class IdentitySearchResponseDto {
  @ApiProperty({ type: [FoundMembershipDto] })
  identities: FoundMembershipDto[];

  @Count({ description: 'All that match, however many the page shows' })
  totalCount: number;
}

/** Memberships in projects, of which this service has none. */
export class IdentityMembershipsResponseDto {
  @ApiProperty({ type: 'array', items: { type: 'object' } })
  identityMemberships: object[];
}
