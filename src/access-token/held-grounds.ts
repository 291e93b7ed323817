import { knownIdentitySql } from '../permission/member-identities.service.js';
import { highestEpochSql } from '../revocation/scope.js';

const HIGHEST_OF_CALLER = highestEpochSql({
  identityId: 'ct.identity_id',
  authMethod: 'ct.auth_method',
  organizationId: 'ct.organization_id',
  rootOrganizationId: 'co.root_id',
  kid: 'asked.caller_kid',
});

const HIGHEST = highestEpochSql({
  identityId: 'asked.identity_id',
  authMethod: 'asked.auth_method',
  organizationId: 'asked.organization_id',
  rootOrganizationId: 'coalesce(o.root_id, co.root_id)',
  kid: 'asked.kid',
});

/** Of whom a role is asked: its columns of what was judged begin so. */
type Judged = '' | 'caller_';

const isAsJudged = (judged: Judged): string =>
  `is_active AND role = asked.${judged}role AND role_id IS NOT DISTINCT FROM asked.${judged}role_id`;

/** Whether the caller mints for itself, and whether in the organization that its own token is scoped to. */
const IS_SELF = 'asked.identity_id = ct.identity_id';
const IS_HOME = 'asked.organization_id = ct.organization_id';

/** Whether the same revocations reach both tokens. */
const IS_ONE_PLACE = `${IS_SELF} AND ${IS_HOME} AND asked.auth_method = ct.auth_method AND asked.kid = asked.caller_kid`;

/** Something that a mint rests on, and is held. */
interface HeldGround {
  name: string;
  /** Finds its row, with the columns that later ones are found by. */
  found: string;
  /** When other grounds say as much: then it is not looked for, and `found` gives a column `is_found` for when it is. */
  unless?: string;
}

/** The first one is there only once the gate has been passed, and without it no other is looked for. */
const GROUNDS: readonly HeldGround[] = [
  { name: 'n', found: 'SELECT FROM instance WHERE id = 1 AND asked.has_passed' },
  {
    name: 'ct',
    found: `SELECT identity_id, organization_id, auth_method, epoch FROM access_token
      WHERE id = asked.caller_token_id AND revoked_at IS NULL AND expires_at > asked.latest`,
  },
  { name: 'ci', found: 'SELECT FROM identity WHERE id = ct.identity_id AND deleted_at IS NULL' },
  {
    name: 'co',
    found: 'SELECT id, root_id, slug FROM organization WHERE id = ct.organization_id AND deleted_at IS NULL',
  },
  {
    name: 'ctm',
    found: `SELECT FROM membership WHERE organization_id = co.id AND identity_id = ct.identity_id AND is_active
      AND (NOT ${IS_HOME} OR ${isAsJudged('caller_')})`,
  },
  {
    name: 'cc',
    found: 'SELECT true AS is_found FROM token_auth_config WHERE identity_id = ct.identity_id',
    unless: IS_SELF,
  },
  {
    name: 'ck',
    found: `SELECT true AS is_found FROM signing_key WHERE kid = asked.caller_kid AND state <> 'revoked'`,
    unless: 'asked.caller_kid = asked.kid',
  },
  {
    name: 'cm',
    found: `SELECT true AS is_found FROM membership
      WHERE organization_id = asked.organization_id AND identity_id = ct.identity_id AND ${isAsJudged('caller_')}`,
    unless: IS_HOME,
  },
  { name: 'i', found: knownIdentitySql('true AS is_found', 'asked.identity_id', 'co.id'), unless: IS_SELF },
  {
    name: 'o',
    found: `SELECT true AS is_found, root_id FROM organization WHERE id = asked.organization_id AND deleted_at IS NULL
      AND slug = coalesce(asked.organization_slug, slug)`,
    unless: `${IS_HOME} AND co.slug = coalesce(asked.organization_slug, co.slug)`,
  },
  {
    name: 'root',
    found: `SELECT true AS is_found FROM organization WHERE id = coalesce(o.root_id, co.root_id) AND deleted_at IS NULL`,
    unless: 'coalesce(o.root_id, co.root_id) = co.id',
  },
  {
    name: 'm',
    found: `SELECT true AS is_found FROM membership
      WHERE organization_id = asked.organization_id AND identity_id = asked.identity_id AND ${isAsJudged('')}`,
    unless: IS_SELF,
  },
  {
    name: 'c',
    found: `SELECT FROM token_auth_config WHERE id = asked.config_id AND identity_id = asked.identity_id
      AND ttl = asked.ttl AND max_ttl = asked.max_ttl AND num_uses_limit = asked.num_uses_limit
      AND trusted_ips = asked.trusted_ips`,
  },
  { name: 'k', found: `SELECT FROM signing_key WHERE kid = asked.kid AND state = 'active'` },
];

/** Finds and holds every one of them, in this order, and each by itself, for the reason that `lookUp` has. */
const holdGrounds = (ifLocked: string): string =>
  GROUNDS.map(({ name, found, unless }) =>
    unless === undefined
      ? `CROSS JOIN LATERAL (${found} FOR SHARE ${ifLocked}) ${name}`
      : `LEFT JOIN LATERAL (${found} AND (${unless}) IS NOT TRUE FOR SHARE ${ifLocked}) ${name} ON true`,
  ).join('\n    ');

const ALL_HOLD = GROUNDS.filter(({ unless }) => unless !== undefined)
  .map(({ name, unless }) => `(${name}.is_found OR ${unless})`)
  .join('\n      AND ');

/** The permissions of a role of somebody's own, if it is one. */
const holdRole = (judged: Judged, ifLocked: string): string =>
  `LEFT JOIN LATERAL (SELECT permissions FROM role WHERE id = asked.${judged}role_id FOR SHARE ${ifLocked})`;

/**
 * SQL that gives those of `asked` whose grounds all hold, and holds these until the transaction ends. `ifLocked` is what
 * becomes of rows that others have locked.
 */
export const grantedSql = (ifLocked: string): string => `
    SELECT asked.*, ct.identity_id AS caller_identity_id, ct.organization_id AS caller_organization_id
    FROM asked
    ${holdGrounds(ifLocked)}
    ${holdRole('caller_', ifLocked)} cr ON true
    ${holdRole('', ifLocked)} r ON true
    WHERE cr.permissions IS NOT DISTINCT FROM asked.caller_permissions
      AND r.permissions IS NOT DISTINCT FROM asked.permissions
      AND ${ALL_HOLD}
      AND coalesce(${HIGHEST}, 0) <= CASE WHEN ${IS_ONE_PLACE} THEN least(asked.epoch, ct.epoch) ELSE asked.epoch END
      AND (${IS_ONE_PLACE} OR coalesce(${HIGHEST_OF_CALLER}, 0) <= ct.epoch)`;
