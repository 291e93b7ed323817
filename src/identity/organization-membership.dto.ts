import { applyDecorators } from '@nestjs/common';
import { ApiOkResponse, ApiProperty } from '@nestjs/swagger';
import { IntegerField } from '../common/validation/fields.js';
import { Count, Flag, Text, Time, Uuid } from '../common/validation/response-fields.js';
import { MEMBERSHIPS_HEADER } from './organization-memberships.js';

export class ListOrganizationMembershipsQueryDto {
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
}

/** An identity's membership in the caller's organization or in one of its sub-organizations. */
export class OrganizationMembershipDto {
  @Uuid({ description: 'The organization' })
  orgId: string;

  @Text()
  orgSlug: string;

  @Text()
  orgName: string;

  @Text({ description: 'Slug of a built-in role, or `custom`' })
  role: string;

  @Uuid({ nullable: true, description: 'The custom role; null when the role is built-in' })
  roleId: string | null;

  @Text({ description: 'Slug of the role, built-in or custom' })
  roleSlug: string;

  @Flag({ description: 'Whether tokens of the identity are accepted there' })
  isActive: boolean;

  @Time()
  createdAt: Date;

  @Time()
  updatedAt: Date;
}

export class OrganizationMembershipListResponseDto {
  @ApiProperty({ type: [OrganizationMembershipDto] })
  memberships: OrganizationMembershipDto[];

  @Count({ description: 'Number of memberships on all pages' })
  totalCount: number;
}

const DESCRIPTION =
  "The identity's memberships in sub-organizations of the caller's organization, as a dictionary of RFC 9651: their " +
  'number, and the first 20 of them by slug. All of them: `GET /api/v1/identities/{identityId}/organization-memberships`.';

/** Documents the header field beside the body. */
export const ApiMembershipsHeader = (type: new () => object): MethodDecorator =>
  applyDecorators(
    ApiOkResponse({
      type,
      headers: {
        [MEMBERSHIPS_HEADER]: {
          description: DESCRIPTION,
          schema: { type: 'string' },
          example: 'total=2, listed=("payments-eu";role="admin";active=?1 "payments-us";role="member";active=?0)',
        },
      },
    }),
  );
