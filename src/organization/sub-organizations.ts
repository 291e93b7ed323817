import { type EntityManager, IsNull } from 'typeorm';
import { newId } from '../common/random-id.js';
import { isUuid } from '../common/uuid.js';
import { Membership } from '../database/entities/membership.entity.js';
import { Organization } from '../database/entities/organization.entity.js';
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

/** The unique constraint decides: of two at once, one adds. */
export async function addMember(tx: EntityManager, member: NewMember, now: Date): Promise<Membership> {
  const membership: Membership = { id: newId(), ...member, createdAt: now, updatedAt: now };
  const insert = tx.createQueryBuilder().insert().into(Membership).values(membership);
  const { raw } = (await insert.orIgnore().returning('id').execute()) as { raw: unknown[] };
  if (raw.length !== 1) throw new MemberAlreadyError();
  return membership;
}
