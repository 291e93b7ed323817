import type { EntityManager } from 'typeorm';
import { NotFoundError } from '../common/errors/app-error.js';
import { Role } from '../database/entities/role.entity.js';
import { BUILT_IN_ROLES, CUSTOM_ROLE } from './catalog.js';
import { PermissionSet } from './permission-set.js';

/** Unknown, or of another organization: the caller cannot tell which. */
export class RoleNotFoundError extends NotFoundError {
  constructor() {
    super('Role not found');
  }
}

/** A role that was named by its slug: how a membership holds it, and what it gives. */
export interface NamedRole {
  slug: string;
  role: string;
  roleId: string | null;
  grants: PermissionSet;
}

/** Finds a role of an organization by its slug: built-in, or one of the organization's own. */
export async function findRole(db: EntityManager, organizationId: string, slug: string): Promise<NamedRole> {
  if (Object.hasOwn(BUILT_IN_ROLES, slug)) {
    return { slug, role: slug, roleId: null, grants: PermissionSet.of({ role: slug, permissions: null }) };
  }
  const custom = await db.findOneBy(Role, { organizationId, slug });
  if (!custom) throw new RoleNotFoundError();
  return { slug, role: CUSTOM_ROLE, roleId: custom.id, grants: new PermissionSet(custom.permissions) };
}
