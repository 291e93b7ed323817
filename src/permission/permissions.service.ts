import type { PermissionRule } from '../database/entities/role.entity.js';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Membership } from '../database/entities/membership.entity.js';
import type { Actor } from './actor.js';
import type { Action, Subject } from './catalog.js';
import { grantsOf } from './membership-role.js';
import { PermissionBoundaryError, PermissionDeniedError } from './permission-errors.js';
import { type HeldRole, PermissionSet } from './permission-set.js';

interface HeldIn extends HeldRole {
  organizationId: string;
  rootId: string;
}

const HELD_IN = `
  SELECT m.organization_id AS "organizationId", o.root_id AS "rootId", m.role, r.permissions
  FROM membership m
  JOIN organization o ON o.id = m.organization_id AND o.deleted_at IS NULL
  LEFT JOIN role r ON r.id = m.role_id
  WHERE m.identity_id = $1`;

interface MemberRoles {
  /** The role of a member in the sub-organization. */
  below: HeldRole;
  /** The role of the same identity in the root organization. */
  root: HeldRole;
}

/** Returns each combination of roles once, because a sub-organization can have very many members. */
const READ_MEMBER_ROLES = `
  SELECT DISTINCT jsonb_build_object('role', m.role, 'permissions', r.permissions) AS below,
    jsonb_build_object('role', rm.role, 'permissions', rr.permissions) AS root
  FROM membership m
  JOIN identity i ON i.id = m.identity_id AND i.deleted_at IS NULL
  JOIN membership rm ON rm.organization_id = $2 AND rm.identity_id = m.identity_id
  LEFT JOIN role r ON r.id = m.role_id
  LEFT JOIN role rr ON rr.id = rm.role_id
  WHERE m.organization_id = $1 AND m.is_active`;

/** What an actor may do, and the boundary: nobody may act on an identity that can do what the actor can't. */
@Injectable()
export class Permissions {
  /** Refuses unless the actor holds the permission in the organization that its token is scoped to. */
  check<S extends Subject>(actor: Actor, subject: S, action: Action<S>): void {
    if (!actor.permissions.has(subject, action)) {
      throw new PermissionDeniedError(action, subject, actor.permissions.rulesOn(subject));
    }
  }

  /** Refuses unless `held` covers `needed`. */
  checkCovers(held: PermissionSet, needed: PermissionSet): void {
    const missing = held.missingFrom(needed);
    if (missing.length > 0) throw new PermissionBoundaryError(missing);
  }

  /** Refuses unless the actor may grant privileges on the subject and itself covers every role given or taken. */
  checkMayGrant(actor: Actor, subject: 'identity' | 'sub-organization', ...roles: PermissionSet[]): void {
    this.check(actor, subject, 'grant-privileges');
    for (const role of roles) this.checkCovers(actor.permissions, role);
  }

  /**
   * Throws 403 unless the caller may create a token for the identity in the root organization. Called before the
   * identity becomes an active member of a sub-organization, because the administrators there can then create tokens
   * for it. A token names its identity in `sub`, and a resource server may authorize by `sub` alone.
   */
  async checkMayCreateTokensFor(tx: EntityManager, actor: Actor, identityId: string): Promise<void> {
    this.check(actor, 'identity', 'create-token');
    const membership = await tx.findOneBy(Membership, { organizationId: actor.organizationId, identityId });
    if (membership) this.checkCovers(actor.permissions, await grantsOf(tx, membership));
  }

  /**
   * Throws 403 if the role lets its holder create tokens, in the sub-organization, for a member whose permissions in the
   * root organization exceed the caller's. Called before an active member of the sub-organization gets the role.
   */
  async checkMayHandOnTokenCreation(
    tx: EntityManager,
    actor: Actor,
    subOrganizationId: string,
    role: PermissionSet,
  ): Promise<void> {
    if (!role.has('identity', 'create-token')) return;
    const members: MemberRoles[] = await tx.query(READ_MEMBER_ROLES, [subOrganizationId, actor.organizationId]);
    for (const { below, root } of members) {
      const isCovered = role.missingFrom(PermissionSet.of(below)).length === 0;
      if (isCovered) this.checkCovers(actor.permissions, PermissionSet.of(root));
    }
  }

  /**
   * Refuses unless the actor holds, in every organization in which the identity is a member, what the identity holds
   * there. Outside of its token's organization and those below, an actor holds nothing. Memberships that are
   * switched off count too, for they can be switched on again. An actor always covers itself.
   */
  async checkBoundaryEverywhere(tx: EntityManager, actor: Actor, identityId: string): Promise<void> {
    if (identityId === actor.identityId) return;
    const targets: HeldIn[] = await tx.query(HELD_IN, [identityId]);
    const own: HeldIn[] = await tx.query(`${HELD_IN} AND m.is_active`, [actor.identityId]);
    const missing = targets.flatMap((target): PermissionRule[] => {
      const isReachable = target.organizationId === actor.organizationId || target.rootId === actor.organizationId;
      const mine = own.find(({ organizationId }) => isReachable && organizationId === target.organizationId);
      return (mine ? PermissionSet.of(mine) : PermissionSet.NONE).missingFrom(PermissionSet.of(target));
    });
    if (missing.length > 0) throw new PermissionBoundaryError(missing);
  }
}
