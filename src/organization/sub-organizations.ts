import { type EntityManager, IsNull } from 'typeorm';
import { newId } from '../common/random-id.js';
import { isUuid } from '../common/uuid.js';
import { Membership } from '../database/entities/membership.entity.js';
import { Organization } from '../database/entities/organization.entity.js';
import { insertUnlessThere } from '../database/insert-unless-there.js';
import type { Actor } from '../permission/actor.js';
import { MemberAlreadyError, SubOrganizationNotFoundError } from './organization-errors.js';

/** A sub-organization right below the actor's organization. To an actor in a sub-organization there is none. */
export async function findBelow(tx: EntityManager, actor: Actor, subOrgId: string): Promise<Organization> {
  const where = { id: subOrgId, parentId: actor.organizationId, deletedAt: IsNull() };
  const found = isUuid(subOrgId) ? await tx.findOneBy(Organization, where) : null;
  if (!found) throw new SubOrganizationNotFoundError();
  return found;
}

/** Who is to be a member, and as what. */
export interface NewMember {
  organizationId: string;
  identityId: string;
  role: string;
  roleId: string | null;
  isActive: boolean;
}

export async function addMember(tx: EntityManager, member: NewMember, now: Date): Promise<Membership> {
  const membership: Membership = { id: newId(), ...member, createdAt: now, updatedAt: now };
  if (!(await insertUnlessThere(tx, Membership, membership))) throw new MemberAlreadyError();
  return membership;
}
