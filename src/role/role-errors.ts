import { BadRequestError } from '../common/errors/app-error.js';
import { BUILT_IN_ROLES, CUSTOM_ROLE } from '../permission/catalog.js';

/** Maximum number of custom roles in one organization. Each sub-organization has its own limit. */
export const MAX_ROLES = 500;

/** Another role of the organization has the slug. */
export class RoleSlugTakenError extends BadRequestError {
  constructor() {
    super('A role with this slug is there already');
  }
}

/** A role that is to be deleted is one that somebody holds. */
export class RoleInUseError extends BadRequestError {
  constructor() {
    super('The role is held by an identity and cannot be deleted');
  }
}

/** The organization has the maximum number of custom roles. */
export class TooManyRolesError extends BadRequestError {
  constructor() {
    super(`An organization has at most ${MAX_ROLES} custom roles`);
  }
}

/** Refuses the slugs by which memberships name what no row of the role table stands for. */
export function checkNotReserved(slug: string): void {
  if (Object.hasOwn(BUILT_IN_ROLES, slug) || slug === CUSTOM_ROLE) throw new BadRequestError('The slug is reserved');
}
