import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Authority } from '../access-token/authority.service.js';
import { AuditEvents } from '../audit-event/audit-events.service.js';
import { ForbiddenError } from '../common/errors/app-error.js';
import { newId } from '../common/random-id.js';
import { isUuid } from '../common/uuid.js';
import { IdentityMetadata } from '../database/entities/identity-metadata.entity.js';
import { Identity } from '../database/entities/identity.entity.js';
import { Membership } from '../database/entities/membership.entity.js';
import { Organization } from '../database/entities/organization.entity.js';
import type { Actor } from '../permission/actor.js';
import { Permissions } from '../permission/permissions.service.js';
import { findRole, type NamedRole } from '../permission/roles.js';
import { readMembership } from './identity-views.js';
import {
  type CreateIdentityDto,
  type IdentityDetailsResponseDto,
  IdentityMembershipDto,
  type IdentityMembershipResponseDto,
  type IdentityResponseDto,
} from './identity.dto.js';
import { IdentityNotFoundError } from '../permission/member-identities.service.js';

const NO_ACCESS = 'no-access';

/** Machine identities: who can be given tokens. */
@Injectable()
export class IdentityService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly authority: Authority,
    private readonly permissions: Permissions,
    private readonly auditEvents: AuditEvents,
  ) {}

  async create(caller: Actor, dto: CreateIdentityDto): Promise<IdentityResponseDto> {
    return this.authority.manage(caller, async (tx, actor) => {
      if (dto.organizationId.toLowerCase() !== actor.organizationId) {
        throw new ForbiddenError('The access token does not work in that organization');
      }
      const role = await findRole(tx, actor.organizationId, dto.role ?? NO_ACCESS);
      this.permissions.check(actor, 'identity', 'create');
      if (role.role !== NO_ACCESS) this.permissions.checkMayGrant(actor, 'identity', role.grants);
      const identity = await this.insert(tx, actor, dto, role);
      const metadata = await this.insertMetadata(tx, identity.id, dto);
      await this.auditEvents.record(tx, actor, 'create-identity', {
        identityId: identity.id,
        details: { role: dto.role ?? NO_ACCESS },
      });
      const { id, name, createdAt, updatedAt, hasDeleteProtection, organizationId: orgId } = identity;
      return {
        identity: {
          id,
          name,
          authMethod: null,
          createdAt,
          updatedAt,
          hasDeleteProtection,
          orgId,
          projectId: null,
          authMethods: [],
          metadata,
        },
      };
    });
  }

  async get(actor: Actor, identityId: string): Promise<IdentityMembershipResponseDto> {
    const found = isUuid(identityId)
      ? await readMembership(this.dataSource.manager, actor.organizationId, identityId)
      : null;
    if (!found) throw new IdentityNotFoundError();
    this.permissions.check(actor, 'identity', 'read');
    return { identity: IdentityMembershipDto.from(found) };
  }

  /** The organization that the caller's token works in. */
  async details({ organizationId }: Actor): Promise<IdentityDetailsResponseDto> {
    const { id, name, slug } = await this.dataSource.manager.findOneByOrFail(Organization, { id: organizationId });
    return { identityDetails: { organization: { id, name, slug } } };
  }

  private async insert(
    tx: EntityManager,
    actor: Actor,
    dto: CreateIdentityDto,
    { role, roleId }: NamedRole,
  ): Promise<Identity> {
    const { organizationId, request } = actor;
    const times = { createdAt: request.now, updatedAt: request.now };
    const identity: Identity = {
      id: newId(),
      name: dto.name,
      organizationId,
      hasDeleteProtection: dto.hasDeleteProtection ?? false,
      ...times,
      deletedAt: null,
    };
    await tx.insert(Identity, identity);
    await tx.insert(Membership, {
      id: newId(),
      organizationId,
      identityId: identity.id,
      role,
      roleId,
      isActive: true,
      ...times,
    });
    return identity;
  }

  private async insertMetadata(tx: EntityManager, identityId: string, { metadata = [] }: CreateIdentityDto) {
    const entries = metadata.map(({ key, value }) => ({ id: newId(), key, value }));
    const rows = entries.map((entry, position) => ({ ...entry, identityId, position }));
    if (rows.length > 0) await tx.insert(IdentityMetadata, rows);
    return entries;
  }
}
