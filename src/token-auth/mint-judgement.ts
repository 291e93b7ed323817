import type { EntityManager } from 'typeorm';
import type { JudgedRole } from '../access-token/proposed-mint.js';
import { ForbiddenError, NotFoundError } from '../common/errors/app-error.js';
import type { Actor } from '../permission/actor.js';

/** The organization that a new token is to work in. */
export interface TargetOrganization {
  id: string;
  slug: string;
  parentId: string | null;
  rootId: string;
}

/** A membership in the target organization. */
export interface JudgedMembership extends JudgedRole {
  identityId: string;
  isActive: boolean;
}

const OWN = `
  SELECT id, slug, parent_id AS "parentId", root_id AS "rootId" FROM organization WHERE id = $1 AND deleted_at IS NULL`;

const BELOW = `
  SELECT id, slug, parent_id AS "parentId", root_id AS "rootId" FROM organization
  WHERE coalesce(parent_id, '00000000-0000-0000-0000-000000000000'::uuid) = $1 AND slug = $2 AND deleted_at IS NULL`;

const MEMBERSHIPS = `
  SELECT m.identity_id AS "identityId", m.is_active AS "isActive", m.role, m.role_id AS "roleId", r.permissions
  FROM membership m LEFT JOIN role r ON r.id = m.role_id
  WHERE m.organization_id = $1 AND m.identity_id = ANY ($2)`;

/**
 * The organization that a slug names: never wider than the caller's own scope. From a root, one of its
 * sub-organizations; from a sub-organization, only itself.
 */
export async function findTarget(db: EntityManager, actor: Actor, slug?: string): Promise<TargetOrganization> {
  const [own]: TargetOrganization[] = await db.query(OWN, [actor.organizationId]);
  if (!own) throw new NotFoundError('Organization not found');
  if (slug === undefined || slug === own.slug) return own;
  if (own.parentId !== null) {
    throw new ForbiddenError('A token of a sub-organization can only give tokens for that sub-organization');
  }
  const [below]: TargetOrganization[] = await db.query(BELOW, [own.id, slug]);
  if (!below) throw new NotFoundError('Organization not found');
  return below;
}

/** The memberships of some identities in one organization. */
export async function findMemberships(
  db: EntityManager,
  organizationId: string,
  identityIds: string[],
): Promise<Map<string, JudgedMembership>> {
  const found: JudgedMembership[] = await db.query(MEMBERSHIPS, [organizationId, identityIds]);
  return new Map(found.map((membership) => [membership.identityId, membership]));
}
