import { ApiProperty } from '@nestjs/swagger';
import { Text, Time, Uuid } from '../common/validation/response-fields.js';
import type { Organization } from '../database/entities/organization.entity.js';

/** An organization as its members see it. */
export class OrganizationDto {
  @Uuid()
  id: string;

  @Text()
  name: string;

  @Text()
  slug: string;

  @Time()
  createdAt: Date;

  @Time()
  updatedAt: Date;

  static from({ id, name, slug, createdAt, updatedAt }: Organization): OrganizationDto {
    return { id, name, slug, createdAt, updatedAt };
  }
}

export class OwnOrganizationResponseDto {
  @ApiProperty({ type: [OrganizationDto] })
  organizations: OrganizationDto[];
}
