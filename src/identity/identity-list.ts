import type { DataSource } from 'typeorm';
import { TOKEN_AUTH } from '../access-token/access-token-claims.js';
import { containing } from '../common/like.js';
import type { FoundMembershipDto, IdentityFilterDto, IdentitySearchDto } from './identity-list.dto.js';
import { CustomRoleDto } from './identity-membership.dto.js';
import type { TextFilter } from './text-filter.js';

const FROM = `
  FROM membership m
  JOIN identity i ON i.id = m.identity_id AND i.deleted_at IS NULL
  LEFT JOIN role r ON r.id = m.role_id`;

const ROLE_SLUG = 'coalesce(r.slug, m.role)';

const COLUMNS = `
  m.id, m.role, m.role_id AS "roleId", m.organization_id AS "orgId", m.created_at AS "createdAt",
  m.updated_at AS "updatedAt", i.id AS "identityId", i.name, i.has_delete_protection AS "hasDeleteProtection",
  i.organization_id AS "ownerId", to_jsonb(r) AS "customRole",
  EXISTS (SELECT FROM token_auth_config c WHERE c.identity_id = i.id) AS "hasTokenAuth"`;

/** How a list is sorted; the id decides where the rest is the same. */
const ORDERS = { created: 'm.created_at', name: 'i.name', role: ROLE_SLUG } as const;

interface Row {
  id: string;
  role: string;
  roleId: string | null;
  orgId: string;
  createdAt: Date;
  updatedAt: Date;
  identityId: string;
  name: string;
  hasDeleteProtection: boolean;
  ownerId: string;
  customRole: CustomRoleDto | null;
  hasTokenAuth: boolean;
}

export interface ListOptions {
  search?: IdentitySearchDto;
  order: keyof typeof ORDERS;
  direction: 'asc' | 'desc';
  limit: number;
  offset: number;
}

export interface IdentityList {
  identities: FoundMembershipDto[];
  totalCount: number;
}

/** The members of an organization that match, one page of them, and how many there are: of one state of the database. */
export async function listIdentities(
  dataSource: DataSource,
  organizationId: string,
  { search = {}, order, direction, limit, offset }: ListOptions,
): Promise<IdentityList> {
  const where = new Conditions(organizationId);
  const alternatives = search.$or?.map((filter) => where.all(filter));
  const condition = [
    'm.organization_id = $1',
    where.all(search),
    ...(alternatives && alternatives.length > 0 ? [`(${alternatives.join(' OR ')})`] : []),
  ].join(' AND ');
  return dataSource.transaction('REPEATABLE READ', async (tx) => {
    const page = `SELECT ${COLUMNS} ${FROM} WHERE ${condition}
      ORDER BY ${ORDERS[order]} ${direction}, m.id ${direction} LIMIT ${limit} OFFSET ${offset}`;
    const rows: Row[] = await tx.query(page, where.values);
    const [count]: { totalCount: number }[] = await tx.query(
      `SELECT count(*)::int AS "totalCount" ${FROM} WHERE ${condition}`,
      where.values,
    );
    return { identities: rows.map(viewOf), totalCount: count?.totalCount ?? 0 };
  });
}

/** Turns filters into SQL. Values go beside it, never into it. */
class Conditions {
  readonly values: unknown[];

  constructor(organizationId: string) {
    this.values = [organizationId];
  }

  /** What holds when every part of the filter does. */
  all({ name, role }: IdentityFilterDto): string {
    return `(${[...this.of('i.name', name), ...this.of(ROLE_SLUG, role), 'true'].join(' AND ')})`;
  }

  private of(column: string, filter?: TextFilter): string[] {
    if (filter === undefined) return [];
    const { $eq, $contains, $in } = typeof filter === 'string' ? { $eq: filter } : filter;
    return [
      ...($eq === undefined ? [] : [`${column} = ${this.value($eq)}`]),
      ...($contains === undefined ? [] : [`${column} ILIKE ${this.value(containing($contains))}`]),
      ...($in === undefined ? [] : [`${column} = ANY (${this.value($in)}::text[])`]),
    ];
  }

  private value(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

function viewOf({ customRole, hasTokenAuth, name, hasDeleteProtection, ownerId, ...row }: Row): FoundMembershipDto {
  return {
    ...row,
    lastLoginAuthMethod: null,
    lastLoginTime: null,
    ...(customRole ? { customRole: CustomRoleDto.from(customRole) } : {}),
    identity: {
      name,
      id: row.identityId,
      hasDeleteProtection,
      orgId: ownerId,
      authMethods: hasTokenAuth ? [TOKEN_AUTH] : [],
      activeLockoutAuthMethods: [],
    },
  };
}
