/** An identity in the organization that its token is scoped to. */
export interface Member {
  identityId: string;
  organizationId: string;
  rootOrganizationId: string;
}

/**
 * Returns the key of limits that apply per identity and organization. An identity belongs to one root organization, so
 * its id alone stands for it there, and no string is built.
 */
export const memberKey = ({ identityId, organizationId, rootOrganizationId }: Member): string =>
  organizationId === rootOrganizationId ? identityId : `${identityId}:${organizationId}`;
