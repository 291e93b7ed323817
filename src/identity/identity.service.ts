import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Authority } from '../access-token/authority.service.js';
import { AuditEvents } from '../audit-event/audit-events.service.js';
import { type Changes, changesBetween, type Fields, joinChanges } from '../audit-event/changes.js';
import { newId } from '../common/random-id.js';
import { Identity } from '../database/entities/identity.entity.js';
import { Membership } from '../database/entities/membership.entity.js';
import type { Actor } from '../permission/actor.js';
import { keepAdministrator } from '../permission/administrators.js';
import { NO_ACCESS } from '../permission/catalog.js';
import { MemberIdentities } from '../permission/member-identities.service.js';
import { grantsOf, readRoleSlug } from '../permission/membership-role.js';
import { Permissions } from '../permission/permissions.service.js';
import { findRole, type NamedRole } from '../permission/roles.js';
import { RevocationLog } from '../revocation/revocation-log.service.js';
import { membershipScope } from '../revocation/scope.js';
import { metadataChanges, replaceMetadata } from './identity-metadata.js';
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
        details: {
          role: slug,
          changes: joinChanges(
            changesBetween({}, { ...fieldsOf(identity), ...roleFieldsOf(role) }),
            metadataChanges([], pairs),
          ),
        },
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
      const pairs = await readMetadata(tx, id);
      const { name = stored.name, hasDeleteProtection = stored.hasDeleteProtection } = dto;
      const next = { ...stored, name, hasDeleteProtection, updatedAt: actor.request.now };
      const metadataChange = metadataChanges(pairs, dto.metadata ?? pairs);
      const ownChanges = joinChanges(changesBetween(fieldsOf(stored), fieldsOf(next)), metadataChange);
      // A role belongs to the membership in this organization: the boundary counts here alone. Clients send all fields.
      if (ownChanges) await this.permissions.checkBoundaryEverywhere(tx, actor, id);
      const roleChanges = role && (await this.giveRole(tx, actor, id, role));
      const changes = joinChanges(roleChanges, ownChanges);
      const metadata = metadataChange && dto.metadata ? await replaceMetadata(tx, id, dto.metadata) : pairs;
      if (changes) {
        await tx.update(Identity, { id }, next);
        const details = { role: roleChanges && role ? role.slug : null, changes };
        await this.auditEvents.record(tx, actor, 'update-identity', { identityId: id, details });
      }
      const authMethods = await readAuthMethods(tx, id);
      return {
        body: { identity: { ...PlainIdentityDto.from(changes ? next : stored), authMethods, metadata } },
        below: await readMembershipsBelow(tx, actor.organizationId, id),
      };
    });
  }

  /**
   * Gives the role unless the identity has it, and returns what changed. The actor needs every permission of the old and
   * the new role.
   */
  private async giveRole(
    tx: EntityManager,
    actor: Actor,
    identityId: string,
    next: NamedRole,
  ): Promise<Changes | null> {
    const { organizationId, request } = actor;
    const where = { organizationId, identityId };
    const stored = await tx.findOneOrFail(Membership, { where, lock: { mode: 'pessimistic_write' } });
    const { role, roleId, grants } = next;
    this.permissions.checkMayGrant(actor, 'identity', await grantsOf(tx, stored), grants);
    const former = { slug: await readRoleSlug(tx, stored), roleId: stored.roleId };
    const changes = changesBetween(roleFieldsOf(former), roleFieldsOf(next));
    if (!changes) return null;
    await keepAdministrator(tx, actor, identityId, () =>
      tx.update(Membership, { id: stored.id }, { role, roleId, updatedAt: request.now }),
    );
    const scope = membershipScope(identityId, organizationId);
    await this.revocations.noteChange(tx, { ...scope, organizationId, now: request.now });
    return changes;
  }
}

const fieldsOf = ({ name, hasDeleteProtection }: Identity): Fields => ({ name, hasDeleteProtection });

const roleFieldsOf = ({ slug, roleId }: Pick<NamedRole, 'slug' | 'roleId'>): Fields => ({ role: slug, roleId });

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
