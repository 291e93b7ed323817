import { ApiProperty } from '@nestjs/swagger';
import { BooleanField, TextField } from '../common/validation/fields.js';
import { Flag, Text, Time, Uuid } from '../common/validation/response-fields.js';
import type { Membership } from '../database/entities/membership.entity.js';

const MAX_ROLE = 64;

export class AddMemberDto {
  @TextField({
    minLength: 1,
    maxLength: MAX_ROLE,
    default: 'no-access',
    description: 'Slug of the role that it gets there: a built-in one, or one of the sub-organization itself',
    example: 'member',
  })
  role?: string;

  @BooleanField({ default: true, description: 'Whether its tokens are accepted there' })
  isActive?: boolean;
}

export class UpdateMemberDto {
  @TextField({
    minLength: 1,
    maxLength: MAX_ROLE,
    description: 'Slug of its new role; left out: unchanged',
    example: 'member',
  })
  role?: string;

  @BooleanField({ description: 'Off: its tokens are refused until it is on again; left out: unchanged' })
  isActive?: boolean;
}

/** An identity's membership in a sub-organization. */
export class MembershipDto {
  @Uuid()
  id: string;

  @Uuid({ description: 'The sub-organization' })
  orgId: string;

  @Uuid()
  identityId: string;

  @Text({ description: 'Slug of a built-in role, or `custom`' })
  role: string;

  @Uuid({ nullable: true, description: 'The custom role; null when the role is built-in' })
  roleId: string | null;

  @Flag({ description: 'Whether its tokens are accepted there' })
  isActive: boolean;

  @Time()
  createdAt: Date;

  @Time()
  updatedAt: Date;

  static from(membership: Membership): MembershipDto {
    const { id, organizationId: orgId, identityId, role, roleId, isActive, createdAt, updatedAt } = membership;
    return { id, orgId, identityId, role, roleId, isActive, createdAt, updatedAt };
  }
}

export class MembershipResponseDto {
  @ApiProperty({ type: MembershipDto })
  membership: MembershipDto;

  static from(membership: Membership): MembershipResponseDto {
    return { membership: MembershipDto.from(membership) };
  }
}
