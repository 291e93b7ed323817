import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Authority } from '../access-token/authority.service.js';
import { AuditEvents } from '../audit-event/audit-events.service.js';
import { type Changes, changesBetween, type Fields } from '../audit-event/changes.js';
import { Membership } from '../database/entities/membership.entity.js';
import type { Organization } from '../database/entities/organization.entity.js';
import type { Actor } from '../permission/actor.js';
import { CUSTOM_ROLE, NO_ACCESS } from '../permission/catalog.js';
import { type KnownIdentity, MemberIdentities } from '../permission/member-identities.service.js';
import type { PermissionSet } from '../permission/permission-set.js';
import { grantsOf, readRoleSlug } from '../permission/membership-role.js';
import { Permissions } from '../permission/permissions.service.js';
import { findRole } from '../permission/roles.js';
import { RevocationLog } from '../revocation/revocation-log.service.js';
import { membershipScope } from '../revocation/scope.js';
import type { AddMemberDto, UpdateMemberDto } from './membership.dto.js';
import { MembershipNotFoundError } from './organization-errors.js';
import { addMember, findBelow } from './sub-organizations.js';

/**
 * Who is a member of a sub-organization, and as what. Judged in the root above it: what its managers hold there is
 * the most that they can give.
 */
@Injectable()
export class MembershipService {
  constructor(
    private readonly authority: Authority,
    private readonly identities: MemberIdentities,
    private readonly permissions: Permissions,
    private readonly revocations: RevocationLog,
    private readonly auditEvents: AuditEvents,
  ) {}

  /**
   * Adds the caller itself, with the built-in role that it has above. A custom role is one of the root alone: who has
   * one there joins without access, and so gains nothing.
   */
  async join(caller: Actor, subOrgId: string): Promise<Organization> {
    return this.authority.manage(caller, async (tx, actor) => {
      const organization = await findBelow(tx, actor, subOrgId);
      this.permissions.check(actor, 'sub-organization', 'direct-access');
      const { organizationId, identityId, request } = actor;
      const above = await tx.findOneByOrFail(Membership, { organizationId, identityId });
      const role = above.role === CUSTOM_ROLE ? NO_ACCESS : above.role;
      const member = { organizationId: organization.id, identityId, role, roleId: null, isActive: true };
      const membership = await addMember(tx, member, request.now);
      const changes = changesBetween({}, await readFields(tx, membership));
      await this.record(tx, actor, 'create-sub-organization-membership', membership, changes);
      return organization;
    });
  }

  async add(caller: Actor, subOrgId: string, identityId: string, dto: AddMemberDto): Promise<Membership> {
    return this.authority.manage(caller, async (tx, actor) => {
      const organization = await findBelow(tx, actor, subOrgId);
      const identity = await this.identities.find(tx, actor, identityId);
      const { role, roleId, grants } = await findRole(tx, organization.id, dto.role ?? NO_ACCESS);
      this.checkMayManage(actor, identity, grants);
      await this.permissions.checkMayCreateTokensFor(tx, actor, identity.id);
      await this.permissions.checkMayHandOnTokenCreation(tx, actor, organization.id, grants);
      const { isActive = true } = dto;
      const member = { organizationId: organization.id, identityId: identity.id, role, roleId, isActive };
      const membership = await addMember(tx, member, actor.request.now);
      const changes = changesBetween({}, await readFields(tx, membership));
      await this.record(tx, actor, 'create-sub-organization-membership', membership, changes);
      return membership;
    });
  }

  /**
   * Switching off is reversible: tokens of the membership are denied while it is off, and valid again when it is on.
   * Writes nothing if every value is the stored one.
   */
  async update(caller: Actor, subOrgId: string, identityId: string, dto: UpdateMemberDto): Promise<Membership> {
    return this.authority.manage(caller, async (tx, actor) => {
      const { identity, stored, held } = await this.find(tx, actor, subOrgId, identityId);
      const next = dto.role === undefined ? null : await findRole(tx, stored.organizationId, dto.role);
      this.checkMayManage(actor, identity, held, ...(next ? [next.grants] : []));
      const isSwitchedOn = dto.isActive === true && !stored.isActive;
      if (isSwitchedOn) await this.permissions.checkMayCreateTokensFor(tx, actor, identity.id);
      if (isSwitchedOn || next)
        await this.permissions.checkMayHandOnTokenCreation(tx, actor, stored.organizationId, next?.grants ?? held);
      if (dto.role === undefined && dto.isActive === undefined) return stored;
      const locked = await lock(tx, stored);
      const { role, roleId } = next ?? locked;
      const { isActive = locked.isActive } = dto;
      const membership = { ...locked, role, roleId, isActive, updatedAt: actor.request.now };
      const changes = changesBetween(await readFields(tx, locked), await readFields(tx, membership));
      if (!changes) return locked;
      await tx.update(Membership, { id: locked.id }, membership);
      await this.revocations.noteChange(tx, entryOf(actor, locked));
      await this.record(tx, actor, 'update-sub-organization-membership', membership, changes);
      return membership;
    });
  }

  /** Ends the membership's tokens for good, also for an identity that is added again. */
  async remove(caller: Actor, subOrgId: string, identityId: string): Promise<Membership> {
    return this.authority.manage(caller, async (tx, actor) => {
      const { identity, stored, held } = await this.find(tx, actor, subOrgId, identityId);
      this.checkMayManage(actor, identity, held);
      const changes = changesBetween(await readFields(tx, await lock(tx, stored)), {});
      await this.revocations.revokeScope(tx, entryOf(actor, stored));
      await tx.delete(Membership, { id: stored.id });
      await this.record(tx, actor, 'delete-sub-organization-membership', stored, changes);
      return stored;
    });
  }

  /** An identity that the root knows, its membership below, and what that gives it there. */
  private async find(tx: EntityManager, actor: Actor, subOrgId: string, identityId: string) {
    const organization = await findBelow(tx, actor, subOrgId);
    const identity = await this.identities.find(tx, actor, identityId);
    const stored = await tx.findOneBy(Membership, { organizationId: organization.id, identityId: identity.id });
    if (!stored) throw new MembershipNotFoundError();
    const held = await grantsOf(tx, stored);
    return { identity, stored, held };
  }

  /** The actor needs to hold, in the root, the role that is given and the one that is taken. */
  private checkMayManage(actor: Actor, identity: KnownIdentity, ...roles: PermissionSet[]): void {
    this.permissions.check(actor, 'sub-organization', 'grant-privileges');
    this.identities.checkOwned(actor, identity);
    this.permissions.checkMayGrant(actor, 'sub-organization', ...roles);
  }

  private async record(
    tx: EntityManager,
    actor: Actor,
    event: `${'create' | 'update' | 'delete'}-sub-organization-membership`,
    { organizationId: subOrgId, identityId, role, isActive }: Membership,
    changes: Changes | null,
  ): Promise<void> {
    await this.auditEvents.record(tx, actor, event, { identityId, details: { subOrgId, role, isActive, changes } });
  }
}

const readFields = async (tx: EntityManager, membership: Membership): Promise<Fields> => ({
  role: await readRoleSlug(tx, membership),
  roleId: membership.roleId,
  isActive: membership.isActive,
});

const entryOf = ({ request }: Actor, { organizationId, identityId }: Membership) => ({
  ...membershipScope(identityId, organizationId),
  organizationId,
  now: request.now,
});

/** The row that mints share: whoever waits for this lock sees what came of it. */
const lock = (tx: EntityManager, { id }: Membership): Promise<Membership> =>
  tx.findOneOrFail(Membership, { where: { id }, lock: { mode: 'pessimistic_write' } });
