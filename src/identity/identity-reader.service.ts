import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ForbiddenError } from '../common/errors/app-error.js';
import { isUuid } from '../common/uuid.js';
import { Organization } from '../database/entities/organization.entity.js';
import type { Actor } from '../permission/actor.js';
import { IdentityNotFoundError, MemberIdentities } from '../permission/member-identities.service.js';
import { Permissions } from '../permission/permissions.service.js';
import { listIdentities } from './identity-list.js';
import type {
  IdentityListResponseDto,
  IdentityMembershipsResponseDto,
  IdentitySearchResponseDto,
  ListIdentitiesQueryDto,
  SearchIdentitiesDto,
} from './identity-list.dto.js';
import {
  type IdentityDetailsResponseDto,
  IdentityMembershipDto,
  type IdentityMembershipResponseDto,
} from './identity-membership.dto.js';
import { readMembership } from './identity-views.js';
import type {
  ListOrganizationMembershipsQueryDto,
  OrganizationMembershipListResponseDto,
} from './organization-membership.dto.js';
import { readMemberships, readMembershipsBelow, type WithMemberships } from './organization-memberships.js';

/** Where an answer ends that nobody asked to be paged. */
const WHOLE_LIST = 1000;

/** The token works in one organization, and another was named. Whether that exists is not told. */
class OtherOrganizationError extends ForbiddenError {
  constructor() {
    super('The access token does not work in that organization');
  }
}

/** Refuses an organization other than the one that the actor's token works in. */
export function checkOwnOrganization({ organizationId }: Actor, named: string): void {
  if (named.toLowerCase() !== organizationId) throw new OtherOrganizationError();
}

/** Reads the identities that are members of the caller's organization. */
@Injectable()
export class IdentityReader {
  constructor(
    private readonly dataSource: DataSource,
    private readonly identities: MemberIdentities,
    private readonly permissions: Permissions,
  ) {}

  async get(actor: Actor, identityId: string): Promise<WithMemberships<IdentityMembershipResponseDto>> {
    const db = this.dataSource.manager;
    const { organizationId } = actor;
    const found = isUuid(identityId) ? await readMembership(db, organizationId, identityId) : null;
    if (!found) throw new IdentityNotFoundError();
    this.permissions.check(actor, 'identity', 'read');
    const body = { identity: IdentityMembershipDto.from(found) };
    return { body, below: await readMembershipsBelow(db, organizationId, identityId) };
  }

  async list(actor: Actor, { orgId, limit, offset = 0 }: ListIdentitiesQueryDto): Promise<IdentityListResponseDto> {
    checkOwnOrganization(actor, orgId);
    this.permissions.check(actor, 'identity', 'read');
    const options = { order: 'created', direction: 'asc', limit: limit ?? WHOLE_LIST, offset } as const;
    const { identities, totalCount } = await listIdentities(this.dataSource, actor.organizationId, options);
    return {
      identities: identities.map(({ identity: { name, id, hasDeleteProtection, authMethods }, ...membership }) => ({
        ...membership,
        identity: { name, id, hasDeleteProtection, authMethods },
      })),
      totalCount,
    };
  }

  async search(actor: Actor, dto: SearchIdentitiesDto): Promise<IdentitySearchResponseDto> {
    this.permissions.check(actor, 'identity', 'read');
    const { search, orderBy: order = 'name', orderDirection: direction = 'asc', limit = 50, offset = 0 } = dto;
    return listIdentities(this.dataSource, actor.organizationId, { search, order, direction, limit, offset });
  }

  /** Memberships in the caller's organization and in its sub-organizations, and in no other. */
  async organizationMemberships(
    actor: Actor,
    identityId: string,
    { limit = 25, offset = 0 }: ListOrganizationMembershipsQueryDto,
  ): Promise<OrganizationMembershipListResponseDto> {
    const db = this.dataSource.manager;
    const { id } = await this.identities.find(db, actor, identityId);
    this.permissions.check(actor, 'identity', 'read');
    return readMemberships(db, actor.organizationId, id, { limit, offset });
  }

  /** There are no projects here, and so no memberships in them. */
  async memberships(actor: Actor, identityId: string): Promise<IdentityMembershipsResponseDto> {
    await this.identities.find(this.dataSource.manager, actor, identityId);
    this.permissions.check(actor, 'identity', 'read');
    return { identityMemberships: [] };
  }

  /** The organization that the caller's token works in. */
  async details({ organizationId }: Actor): Promise<IdentityDetailsResponseDto> {
    const { id, name, slug } = await this.dataSource.manager.findOneByOrFail(Organization, { id: organizationId });
    return { identityDetails: { organization: { id, name, slug } } };
  }
}
