import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Authority } from '../access-token/authority.service.js';
import { AuditEvents } from '../audit-event/audit-events.service.js';
import { newId } from '../common/random-id.js';
import { Identity } from '../database/entities/identity.entity.js';
import { Membership } from '../database/entities/membership.entity.js';
import type { Actor } from '../permission/actor.js';
import { keepAdministrator } from '../permission/administrators.js';
import { NO_ACCESS } from '../permission/catalog.js';
import { MemberIdentities } from '../permission/member-identities.service.js';
import { grantsOf } from '../permission/membership-role.js';
import { Permissions } from '../permission/permissions.service.js';
import { findRole, type NamedRole } from '../permission/roles.js';
import { RevocationLog } from '../revocation/revocation-log.service.js';
import { membershipScope } from '../revocation/scope.js';
import { isSameMetadata, replaceMetadata } from './identity-metadata.js';
import { checkOwnOrganization } from './identity-reader.service.js';
import { readAuthMethods, readMetadata } from './identity-views.js';
import { readMembershipsBelow, type WithMemberships } from './organization-memberships.js';
import {
  type CreateIdentityDto,
  type IdentityResponseDto,
  PlainIdentityDto,
  type UpdatedIdentityResponseDto,
  type UpdateIdentityDto,
} from './identity.dto.js';

/** Machine identities: who can be given tokens, and what they may do. */
@Injectable()
export class IdentityService {
  constructor(
    private readonly authority: Authority,
    private readonly identities: MemberIdentities,
    private readonly permissions: Permissions,
    private readonly revocations: RevocationLog,
    private readonly auditEvents: AuditEvents,
  ) {}

  async create(caller: Actor, dto: CreateIdentityDto): Promise<IdentityResponseDto> {
    return this.authority.manage(caller, async (tx, actor) => {
      checkOwnOrganization(actor, dto.organizationId);
      const { role: slug = NO_ACCESS, metadata: pairs = [] } = dto;
      const role = await findRole(tx, actor.organizationId, slug);
      this.permissions.check(actor, 'identity', 'create');
      if (role.role !== NO_ACCESS) this.permissions.checkMayGrant(actor, 'identity', role.grants);
      const identity = await insert(tx, actor, dto, role);
      const metadata = await replaceMetadata(tx, identity.id, pairs);
      await this.auditEvents.record(tx, actor, 'create-identity', {
        identityId: identity.id,
        details: { role: slug },
      });
      return { identity: { ...PlainIdentityDto.from(identity), authMethods: [], metadata } };
    });
  }

  /** Omitted fields stay unchanged. A changed role leaves the memberships in sub-organizations as they are. */
  async update(
    caller: Actor,
    identityId: string,
    dto: UpdateIdentityDto,
  ): Promise<WithMemberships<UpdatedIdentityResponseDto>> {
    return this.authority.manage(caller, async (tx, actor) => {
      const known = await this.identities.find(tx, actor, identityId);
      const { id } = known;
      const role = dto.role === undefined ? null : await findRole(tx, actor.organizationId, dto.role);
      this.permissions.check(actor, 'identity', 'edit');
      this.identities.checkOwned(actor, known);
      // Before its membership, as every mint does, or the two would wait for each other.
      const stored = await tx.findOneOrFail(Identity, { where: { id }, lock: { mode: 'pessimistic_write' } });
      // A role belongs to the membership in this organization: the boundary counts here alone. Clients send all fields.
      if (await changesIdentity(tx, stored, dto)) await this.permissions.checkBoundaryEverywhere(tx, actor, id);
      if (role) await this.giveRole(tx, actor, id, role);
      const { name = stored.name, hasDeleteProtection = stored.hasDeleteProtection } = dto;
      const identity = { ...stored, name, hasDeleteProtection, updatedAt: actor.request.now };
      await tx.update(Identity, { id }, identity);
      const metadata = dto.metadata ? await replaceMetadata(tx, id, dto.metadata) : await readMetadata(tx, id);
      const details = { role: dto.role ?? null };
      await this.auditEvents.record(tx, actor, 'update-identity', { identityId: id, details });
      const authMethods = await readAuthMethods(tx, id);
      return {
        body: { identity: { ...PlainIdentityDto.from(identity), authMethods, metadata } },
        below: await readMembershipsBelow(tx, actor.organizationId, id),
      };
    });
  }

  /** The actor needs to hold what the identity could do before and what it can do then. */
  private async giveRole(tx: EntityManager, actor: Actor, identityId: string, next: NamedRole): Promise<void> {
    const { organizationId, request } = actor;
    const stored = await tx.findOneByOrFail(Membership, { organizationId, identityId });
    const { role, roleId, grants } = next;
    this.permissions.checkMayGrant(actor, 'identity', await grantsOf(tx, stored), grants);
    if (role === stored.role && roleId === stored.roleId) return;
    await keepAdministrator(tx, actor, identityId, () =>
      tx.update(Membership, { id: stored.id }, { role, roleId, updatedAt: request.now }),
    );
    const scope = membershipScope(identityId, organizationId);
    await this.revocations.noteChange(tx, { ...scope, organizationId, now: request.now });
  }
}

/** Returns true if the request changes more than the role. */
async function changesIdentity(
  tx: EntityManager,
  stored: Identity,
  { name = stored.name, hasDeleteProtection = stored.hasDeleteProtection, metadata }: UpdateIdentityDto,
): Promise<boolean> {
  if (name !== stored.name || hasDeleteProtection !== stored.hasDeleteProtection) return true;
  return metadata !== undefined && !isSameMetadata(metadata, await readMetadata(tx, stored.id));
}

async function insert(
  tx: EntityManager,
  { organizationId, request }: Actor,
  { name, hasDeleteProtection = false }: CreateIdentityDto,
  { role, roleId }: NamedRole,
): Promise<Identity> {
  const times = { createdAt: request.now, updatedAt: request.now };
  const identity: Identity = { id: newId(), name, organizationId, hasDeleteProtection, ...times, deletedAt: null };
  const identityId = identity.id;
  await tx.insert(Identity, identity);
  await tx.insert(Membership, { id: newId(), organizationId, identityId, role, roleId, isActive: true, ...times });
  return identity;
}
