/**
 * SQL condition: the organization may list, read and change the token `t` of the identity `i` in the organization `o`.
 * It reaches the tokens that are scoped to it. The owner of an identity also reaches the tokens of that identity that
 * are scoped to its sub-organizations.
 */
export const reachesTokenSql = (organizationId: string): string =>
  `(t.organization_id = ${organizationId} OR (i.organization_id = ${organizationId} AND o.root_id = ${organizationId}))`;
