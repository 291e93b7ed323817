import { BadRequestError, ForbiddenError, NotFoundError } from '../common/errors/app-error.js';

/** Unknown, deleted, or not below the caller's organization: the caller cannot tell which. */
export class SubOrganizationNotFoundError extends NotFoundError {
  constructor() {
    super('Sub-organization not found');
  }
}

/** The caller's token works in a sub-organization, and these do not nest. */
export class NotARootError extends ForbiddenError {
  constructor() {
    super('Sub-organizations can only be created in a root organization');
  }
}

/** Another sub-organization of the root, or the root itself, has the slug. */
export class SlugTakenError extends BadRequestError {
  constructor(slug: string) {
    super(`The slug ${slug} is taken`);
  }
}

/** The sub-organization owns identities with delete protection, which its deletion would bypass. */
export class ProtectedIdentitiesError extends BadRequestError {
  constructor() {
    super(
      'The sub-organization owns identities with delete protection. Switch the protection off or delete them first',
    );
  }
}

/** The identity is in the sub-organization already, switched on or off. */
export class MemberAlreadyError extends BadRequestError {
  constructor() {
    super('The identity is a member of the sub-organization already');
  }
}

/** The identity is not in the sub-organization. */
export class MembershipNotFoundError extends NotFoundError {
  constructor() {
    super('Membership not found');
  }
}
