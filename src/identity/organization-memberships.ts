import type { EntityManager } from 'typeorm';

/** A membership of an identity in one organization, as callers see it. */
export interface OrganizationMembership {
  orgId: string;
  orgSlug: string;
  orgName: string;
  role: string;
  roleId: string | null;
  roleSlug: string;
  isActive: boolean;
  createdAt: Date;
  updatedAt: Date;
}

export interface OrganizationMemberships {
  memberships: OrganizationMembership[];
  totalCount: number;
}

/** The body of a response about one identity, and what its header field lists. */
export interface WithMemberships<T> {
  body: T;
  below: OrganizationMemberships;
}

interface Page {
  limit: number;
  offset: number;
}

/** The page and the count of one snapshot. The organization itself comes first, its sub-organizations by slug. */
const READ = `
  WITH found AS MATERIALIZED (
    SELECT o.id AS "orgId", o.slug AS "orgSlug", o.name AS "orgName", m.role, m.role_id AS "roleId",
      coalesce(r.slug, m.role) AS "roleSlug", m.is_active AS "isActive", m.created_at AS "createdAt",
      m.updated_at AS "updatedAt"
    FROM membership m
    JOIN organization o ON o.id = m.organization_id AND o.deleted_at IS NULL
    LEFT JOIN role r ON r.id = m.role_id
    WHERE m.identity_id = $1 AND (o.parent_id = $2 OR (o.id = $2 AND $3)))
  SELECT (SELECT count(*)::int FROM found) AS "totalCount", coalesce((SELECT jsonb_agg(page) FROM (
    SELECT * FROM found ORDER BY "orgId" <> $2, "orgSlug", "orgId" LIMIT $4 OFFSET $5) page), '[]') AS memberships`;

/** Reads the memberships of an identity in an organization and in the sub-organizations of that. */
export const readMemberships = (
  db: EntityManager,
  organizationId: string,
  identityId: string,
  page: Page,
): Promise<OrganizationMemberships> => read(db, [identityId, organizationId, true, page.limit, page.offset]);

/** Number of memberships that the header field lists. */
const MAX_LISTED = 20;

/** Reads the memberships of an identity in the sub-organizations of an organization, as many as the header field lists. */
export const readMembershipsBelow = (
  db: EntityManager,
  organizationId: string,
  identityId: string,
): Promise<OrganizationMemberships> => read(db, [identityId, organizationId, false, MAX_LISTED, 0]);

async function read(db: EntityManager, parameters: unknown[]): Promise<OrganizationMemberships> {
  const [{ memberships, totalCount }]: [OrganizationMemberships] = await db.query(READ, parameters);
  const withDates = memberships.map((membership) => ({
    ...membership,
    createdAt: new Date(membership.createdAt),
    updatedAt: new Date(membership.updatedAt),
  }));
  return { memberships: withDates, totalCount };
}

/** Header field of responses about one identity. Clients of the API know the bodies as closed objects. */
export const MEMBERSHIPS_HEADER = 'sub-organization-memberships';

/**
 * Formats memberships as a dictionary of RFC 9651: the total, and the first of them as an inner list of slugs.
 * Slugs of organizations and roles hold only letters, digits and hyphens, so they need no escaping.
 */
export function formatMemberships({ memberships, totalCount }: OrganizationMemberships): string {
  const listed = memberships.map(
    ({ orgSlug, roleSlug, isActive }) => `"${orgSlug}";role="${roleSlug}";active=${isActive ? '?1' : '?0'}`,
  );
  return `total=${totalCount}, listed=(${listed.join(' ')})`;
}
