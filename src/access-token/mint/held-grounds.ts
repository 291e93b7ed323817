import { knownIdentitySql } from '../../permission/member-identities.service.js';
import { highestEpochSql } from '../../revocation/scope.js';

/** The root of the organization that the token is to work in. */
const ROOT = 'coalesce(target_organization.root_id, caller_organization.root_id)';

const HIGHEST_OF_CALLER = highestEpochSql({
  identityId: 'caller_token.identity_id',
  authMethod: 'caller_token.auth_method',
  organizationId: 'caller_token.organization_id',
  rootOrganizationId: 'caller_organization.root_id',
  kid: 'asked.caller_kid',
});

const HIGHEST = highestEpochSql({
  identityId: 'asked.identity_id',
  authMethod: 'asked.auth_method',
  organizationId: 'asked.organization_id',
  rootOrganizationId: ROOT,
  kid: 'asked.kid',
});

/** How the columns of `asked` begin that say what role was judged: the identity's, or the caller's. */
type Judged = '' | 'caller_';

const isAsJudged = (judged: Judged): string =>
  `is_active AND role = asked.${judged}role AND role_id IS NOT DISTINCT FROM asked.${judged}role_id`;

/** Whether the caller mints for itself, and whether in the organization that its own token is scoped to. */
const IS_SELF = 'asked.identity_id = caller_token.identity_id';
const IS_HOME = 'asked.organization_id = caller_token.organization_id';

/** Whether the same revocations reach both tokens. */
const IS_ONE_PLACE = `${IS_SELF} AND ${IS_HOME} AND asked.auth_method = caller_token.auth_method
  AND asked.kid = asked.caller_kid`;

/** Something that a mint rests on, and is held. */
interface HeldGround {
  name: string;
  /** Finds its row, with the columns that later ones are found by. */
  found: string;
  /**
   * SQL: when grounds before it prove this one too. Then it is not looked for; `found` selects `true AS is_found`, which
   * tells what was found from what was not looked for.
   */
  unless?: string;
}

/** The first one is there only once the gate has been passed, and without it no other is looked for. */
const GROUNDS: readonly HeldGround[] = [
  { name: 'instance', found: 'SELECT FROM instance WHERE id = 1 AND asked.has_passed' },
  {
    name: 'caller_token',
    found: `SELECT identity_id, organization_id, auth_method, epoch FROM access_token
      WHERE id = asked.caller_token_id AND revoked_at IS NULL AND expires_at > asked.latest`,
  },
  { name: 'caller_identity', found: 'SELECT FROM identity WHERE id = caller_token.identity_id AND deleted_at IS NULL' },
  {
    name: 'caller_organization',
    found: 'SELECT id, root_id, slug FROM organization WHERE id = caller_token.organization_id AND deleted_at IS NULL',
  },
  {
    name: 'caller_home_membership',
    found: `SELECT FROM membership WHERE organization_id = caller_organization.id
      AND identity_id = caller_token.identity_id AND is_active AND (NOT ${IS_HOME} OR ${isAsJudged('caller_')})`,
  },
  {
    name: 'caller_config',
    found: 'SELECT true AS is_found FROM token_auth_config WHERE identity_id = caller_token.identity_id',
    unless: IS_SELF,
  },
  {
    name: 'caller_key',
    found: `SELECT true AS is_found FROM signing_key WHERE kid = asked.caller_kid AND state <> 'revoked'`,
    unless: 'asked.caller_kid = asked.kid',
  },
  {
    name: 'caller_membership',
    found: `SELECT true AS is_found FROM membership
      WHERE organization_id = asked.organization_id AND identity_id = caller_token.identity_id
      AND ${isAsJudged('caller_')}`,
    unless: IS_HOME,
  },
  {
    name: 'target_identity',
    found: knownIdentitySql('true AS is_found', 'asked.identity_id', 'caller_organization.id'),
    unless: IS_SELF,
  },
  {
    name: 'target_organization',
    found: `SELECT true AS is_found, root_id FROM organization WHERE id = asked.organization_id AND deleted_at IS NULL
      AND slug = coalesce(asked.organization_slug, slug)`,
    unless: `${IS_HOME} AND caller_organization.slug = coalesce(asked.organization_slug, caller_organization.slug)`,
  },
  {
    name: 'target_root',
    found: `SELECT true AS is_found FROM organization WHERE id = ${ROOT} AND deleted_at IS NULL`,
    unless: `${ROOT} = caller_organization.id`,
  },
  {
    name: 'target_membership',
    found: `SELECT true AS is_found FROM membership
      WHERE organization_id = asked.organization_id AND identity_id = asked.identity_id AND ${isAsJudged('')}`,
    unless: IS_SELF,
  },
  {
    name: 'target_config',
    found: `SELECT FROM token_auth_config WHERE id = asked.config_id AND identity_id = asked.identity_id
      AND ttl = asked.ttl AND max_ttl = asked.max_ttl AND num_uses_limit = asked.num_uses_limit
      AND trusted_ips = asked.trusted_ips`,
  },
  { name: 'active_key', found: `SELECT FROM signing_key WHERE kid = asked.kid AND state = 'active'` },
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
    SELECT asked.*, caller_token.identity_id AS caller_identity_id,
      caller_token.organization_id AS caller_organization_id
    FROM asked
    ${holdGrounds(ifLocked)}
    ${holdRole('caller_', ifLocked)} caller_custom_role ON true
    ${holdRole('', ifLocked)} custom_role ON true
    WHERE caller_custom_role.permissions IS NOT DISTINCT FROM asked.caller_permissions
      AND custom_role.permissions IS NOT DISTINCT FROM asked.permissions
      AND ${ALL_HOLD}
      AND coalesce(${HIGHEST}, 0)
        <= CASE WHEN ${IS_ONE_PLACE} THEN least(asked.epoch, caller_token.epoch) ELSE asked.epoch END
      AND (${IS_ONE_PLACE} OR coalesce(${HIGHEST_OF_CALLER}, 0) <= caller_token.epoch)`;
