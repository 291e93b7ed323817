import type { EntityManager } from 'typeorm';
import type { JudgedRole } from '../access-token/mint/proposed-mint.js';
import type { TokenLimits } from '../access-token/mint/token-issuer.service.js';
import { Shared } from '../common/shared.js';
import { lookUp, type Prepared, runPrepared } from '../database/prepared.js';
import { knownIdentitySql } from '../permission/member-identities.service.js';

/** Who wants to mint, for whom, and what the request calls the organization that the token is to work in. */
export interface AskedMint {
  callerId: string;
  /** The caller's own organization. */
  organizationId: string;
  identityId: string;
  organizationSlug: string | undefined;
}

/** An organization that a new token may be to work in. */
export interface TargetOrganization {
  id: string;
  slug: string;
  parentId: string | null;
  rootId: string;
}

/** A membership in the target organization. */
export interface JudgedMembership extends JudgedRole {
  isActive: boolean;
}

/** What the identity's configuration says of its tokens, and which one it is. */
export interface MintLimits extends TokenLimits {
  id: string;
}

/** What a mint is judged by; null stands for what isn't there, or not for the caller's organization. */
export interface FoundGrounds {
  /** The caller's organization. */
  own: TargetOrganization | null;
  /** Another one of the asked name right below it. */
  below: TargetOrganization | null;
  /** Whether the caller's organization owns the identity or has it as a member. */
  isKnown: boolean;
  /** The caller's membership where the token is to work. */
  mine: JudgedMembership | null;
  /** The identity's membership there. */
  theirs: JudgedMembership | null;
  config: MintLimits | null;
}

const organization = (from: string): string => `
    CASE WHEN ${from}.id IS NOT NULL THEN jsonb_build_object(
      'id', ${from}.id, 'slug', ${from}.slug, 'parentId', ${from}.parent_id, 'rootId', ${from}.root_id) END`;

const membership = (from: string, role: string): string => `
    CASE WHEN ${from}.id IS NOT NULL THEN jsonb_build_object('role', ${from}.role, 'roleId', ${from}.role_id,
      'permissions', ${role}.permissions, 'isActive', ${from}.is_active) END`;

const memberIn = (identityId: string): string =>
  `SELECT * FROM membership WHERE organization_id = coalesce(below.id, own.id) AND identity_id = ${identityId}`;

/** One statement of lookups by key, for many mints as for one. */
const READ: Prepared = {
  name: 'read_mint_grounds',
  text: `
  SELECT asked.place::int, i.id IS NOT NULL AS "isKnown", ${organization('own')} AS own, ${organization('below')} AS below,
    ${membership('cm', 'cr')} AS mine, ${membership('m', 'r')} AS theirs,
    CASE WHEN c.id IS NOT NULL THEN jsonb_build_object('id', c.id, 'ttl', c.ttl, 'maxTtl', c.max_ttl,
      'numUsesLimit', c.num_uses_limit, 'trustedIps', c.trusted_ips) END AS config
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) WITH ORDINALITY
    AS asked(caller_id, organization_id, identity_id, slug, place)
  ${lookUp('i', knownIdentitySql('id', 'asked.identity_id', 'asked.organization_id'))}
  ${lookUp('own', 'SELECT * FROM organization WHERE id = asked.organization_id AND deleted_at IS NULL')}
  ${lookUp(
    'below',
    `SELECT * FROM organization
      WHERE coalesce(parent_id, '00000000-0000-0000-0000-000000000000'::uuid) = own.id
        AND slug = asked.slug AND slug <> own.slug AND deleted_at IS NULL`,
  )}
  ${lookUp('cm', memberIn('asked.caller_id'))}
  ${lookUp('cr', 'SELECT permissions FROM role WHERE id = cm.role_id')}
  ${lookUp('m', memberIn('i.id'))}
  ${lookUp('r', 'SELECT permissions FROM role WHERE id = m.role_id')}
  ${lookUp('c', 'SELECT * FROM token_auth_config WHERE identity_id = i.id')}`,
};

const lists = new Shared<object>();

/** One list for all who have an equal one: the statement of mints tells by it what many rest on alike. */
const shared = <T extends object | null>(list: T): T =>
  list && (lists.of(JSON.stringify(list), () => list) as typeof list);

const withSharedPermissions = (one: JudgedMembership | null): JudgedMembership | null =>
  one && { ...one, permissions: shared(one.permissions) };

const withSharedLists = (found: FoundGrounds): FoundGrounds => ({
  ...found,
  mine: withSharedPermissions(found.mine),
  theirs: withSharedPermissions(found.theirs),
  config: found.config && { ...found.config, trustedIps: shared(found.config.trustedIps) },
});

/** What mints are to be judged by, in the order of the questions. */
export async function readMintGrounds(db: EntityManager, asked: readonly AskedMint[]): Promise<FoundGrounds[]> {
  const rows = await runPrepared<FoundGrounds & { place: number }>(db, READ, [
    asked.map(({ callerId }) => callerId),
    asked.map(({ organizationId }) => organizationId),
    asked.map(({ identityId }) => identityId),
    asked.map(({ organizationSlug }) => organizationSlug ?? null),
  ]);
  const found: FoundGrounds[] = [];
  for (const { place, ...grounds } of rows) found[place - 1] = withSharedLists(grounds);
  return found;
}
