import type { PermissionRule } from '../database/entities/role.entity.js';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Actor } from './actor.js';
import type { Action, Subject } from './catalog.js';
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
