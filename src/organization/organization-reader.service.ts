import { Injectable } from '@nestjs/common';
import { DataSource, type SelectQueryBuilder } from 'typeorm';
import { containing } from '../common/like.js';
import { Membership } from '../database/entities/membership.entity.js';
import { Organization } from '../database/entities/organization.entity.js';
import type { Actor } from '../permission/actor.js';
import { OrganizationDto, type OwnOrganizationResponseDto } from './organization.dto.js';
import {
  type ListSubOrganizationsQueryDto,
  SubOrganizationDto,
  type SubOrganizationListResponseDto,
} from './sub-organization.dto.js';

/** Reads what any valid token may see of the organizations around it. */
@Injectable()
export class OrganizationReader {
  constructor(private readonly dataSource: DataSource) {}

  async own({ organizationId }: Actor): Promise<OwnOrganizationResponseDto> {
    const own = await this.dataSource.manager.findOneByOrFail(Organization, { id: organizationId });
    return { organizations: [OrganizationDto.from(own)] };
  }

  /** One page, and the count of all: both are read of one state of the database. */
  async listBelow(actor: Actor, query: ListSubOrganizationsQueryDto): Promise<SubOrganizationListResponseDto> {
    const { limit = 25, offset = 0, orderDirection = 'asc' } = query;
    const direction = orderDirection === 'asc' ? 'ASC' : 'DESC';
    return this.dataSource.transaction('REPEATABLE READ', async (tx) => {
      const visible = seenBy(actor, tx.createQueryBuilder(Organization, 'o'));
      if (query.search) visible.andWhere('o.name ILIKE :search', { search: containing(query.search) });
      if (query.isAccessible === 'true') visible.andWhere(isMember(visible), { identityId: actor.identityId });
      const page = visible.orderBy('o.name', direction).addOrderBy('o.id', direction).take(limit).skip(offset);
      const [organizations, totalCount] = await page.getManyAndCount();
      return { organizations: organizations.map((organization) => SubOrganizationDto.from(organization)), totalCount };
    });
  }
}

/** Those below a root, to whom works in it; to whom works in a sub-organization, that one alone. */
const seenBy = ({ organizationId, rootOrganizationId }: Actor, organizations: SelectQueryBuilder<Organization>) =>
  organizations
    .where('o.parentId = :rootOrganizationId AND o.deletedAt IS NULL', { rootOrganizationId })
    .andWhere('(:organizationId = :rootOrganizationId OR o.id = :organizationId)', { organizationId });

const isMember = (organizations: SelectQueryBuilder<Organization>): string =>
  `EXISTS ${organizations
    .subQuery()
    .select('1')
    .from(Membership, 'm')
    .where('m.organizationId = o.id AND m.identityId = :identityId AND m.isActive')
    .getQuery()}`;
