import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Authority } from '../access-token/authority.service.js';
import { AuditEvents } from '../audit-event/audit-events.service.js';
import { changesBetween, type Fields } from '../audit-event/changes.js';
import { BadRequestError } from '../common/errors/app-error.js';
import { Identity } from '../database/entities/identity.entity.js';
import { Membership } from '../database/entities/membership.entity.js';
import type { Actor } from '../permission/actor.js';
import { keepAdministrator } from '../permission/administrators.js';
import { NO_ACCESS } from '../permission/catalog.js';
import {
  IdentityNotFoundError,
  type KnownIdentity,
  MemberIdentities,
} from '../permission/member-identities.service.js';
import { Permissions } from '../permission/permissions.service.js';
import { RevocationLog } from '../revocation/revocation-log.service.js';
import { membershipScope } from '../revocation/scope.js';
import { grantsOf, readRoleSlug } from '../permission/membership-role.js';

/** Deletes identities. What that takes does not depend on how many tokens they have. */
@Injectable()
export class IdentityDeletion {
  constructor(
    private readonly authority: Authority,
    private readonly identities: MemberIdentities,
    private readonly permissions: Permissions,
    private readonly revocations: RevocationLog,
    private readonly auditEvents: AuditEvents,
  ) {}

  /** The owning organization deletes the identity; any other ends its membership there and leaves the rest alone. */
  async delete(caller: Actor, identityId: string): Promise<Identity> {
    return this.authority.manage(caller, async (tx, actor) => {
      const known = await this.identities.find(tx, actor, identityId);
      this.permissions.check(actor, 'identity', 'delete');
      const isOwner = known.organizationId === actor.organizationId;
      const fields = await readFields(tx, actor, known);
      const identity = isOwner ? await this.end(tx, actor, known.id) : await this.leave(tx, actor, known.id);
      const details = { isOwner, changes: changesBetween(fields, {}) };
      await this.auditEvents.record(tx, actor, 'delete-identity', { identityId: known.id, details });
      return identity;
    });
  }

  /** One mark, and one entry that ends every token. The lock comes before the number, for mints share the row. */
  private async end(tx: EntityManager, actor: Actor, id: string): Promise<Identity> {
    const { rootOrganizationId, request } = actor;
    await this.permissions.checkBoundaryEverywhere(tx, actor, id);
    const identity = await tx.findOneOrFail(Identity, { where: { id }, lock: { mode: 'pessimistic_write' } });
    if (identity.hasDeleteProtection) throw new BadRequestError('The identity is protected from deletion');
    const { now } = request;
    await this.revocations.revokeScope(tx, { scope: 'identity', key: id, organizationId: rootOrganizationId, now });
    await keepAdministrator(tx, actor, id, async () => {
      await tx.update(Identity, { id }, { deletedAt: now });
      // A custom role that only this identity had can be deleted from now on.
      await tx.update(Membership, { identityId: id }, { role: NO_ACCESS, roleId: null, updatedAt: now });
    });
    return identity;
  }

  private async leave(tx: EntityManager, actor: Actor, identityId: string): Promise<Identity> {
    const { organizationId, request } = actor;
    const membership = await tx.findOne(Membership, {
      where: { organizationId, identityId },
      lock: { mode: 'pessimistic_write' },
    });
    if (!membership) throw new IdentityNotFoundError();
    this.permissions.checkCovers(actor.permissions, await grantsOf(tx, membership));
    const scope = membershipScope(identityId, organizationId);
    await this.revocations.revokeScope(tx, { ...scope, organizationId, now: request.now });
    await keepAdministrator(tx, actor, identityId, () => tx.delete(Membership, { id: membership.id }));
    return tx.findOneByOrFail(Identity, { id: identityId });
  }
}

/** Reads the fields that the deletion removes: the name if the organization owns the identity, and the role in it. */
async function readFields(
  tx: EntityManager,
  { organizationId }: Actor,
  { id: identityId, name, organizationId: ownerId }: KnownIdentity,
): Promise<Fields> {
  const membership = await tx.findOneBy(Membership, { organizationId, identityId });
  return {
    ...(ownerId === organizationId && { name }),
    ...(membership && { role: await readRoleSlug(tx, membership), roleId: membership.roleId }),
  };
}
