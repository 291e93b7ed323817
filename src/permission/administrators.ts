import type { EntityManager } from 'typeorm';
import { BadRequestError } from '../common/errors/app-error.js';
import { isAllowed, type TrustedIp } from '../common/http/trusted-ip.js';
import type { Actor } from './actor.js';

/** Seconds that a new token must live, so that it can be used to create the next one. */
const MIN_LIFETIME = 60;

/** Uses that a new token must have: one to change the configuration, one to create the next token. */
const MIN_USES = 2;

/** The change would leave the root organization without an administrator that can use the API. */
class LastAdministratorError extends BadRequestError {
  constructor() {
    super(
      'The root organization must keep an active administrator that can use the API: with Token Auth attached, ' +
        `TTL and max TTL 0 or at least ${MIN_LIFETIME} seconds, uses limit 0 or at least ${MIN_USES}, and trusted ` +
        'addresses that include the address of this request',
    );
  }
}

const IS_ADMINISTRATOR = `
  SELECT FROM membership WHERE organization_id = $1 AND identity_id = $2 AND is_active AND role = 'admin'`;

/** One row for each distinct allow-list of an active administrator; null where the identity has none that suffices. */
const ALLOW_LISTS = `
  SELECT DISTINCT c.trusted_ips AS "trustedIps"
  FROM membership m
  JOIN identity i ON i.id = m.identity_id AND i.deleted_at IS NULL
  LEFT JOIN token_auth_config c ON c.identity_id = i.id AND (c.ttl = 0 OR c.ttl >= $2)
    AND (c.max_ttl = 0 OR c.max_ttl >= $2) AND (c.num_uses_limit = 0 OR c.num_uses_limit >= $3)
  WHERE m.organization_id = $1 AND m.is_active AND m.role = 'admin'`;

/**
 * Applies a change to an identity, and rejects it with 400 if it removed the last administrator that can use the API.
 * An organization that had none before can be changed. The management lock serializes changes of one root, so two
 * administrators cannot remove each other at the same time.
 */
export async function keepAdministrator<T>(
  tx: EntityManager,
  actor: Actor,
  identityId: string,
  change: () => Promise<T>,
): Promise<T> {
  const administrators: unknown[] = await tx.query(IS_ADMINISTRATOR, [actor.rootOrganizationId, identityId]);
  if (administrators.length === 0) return change();
  const before = await findAdministrators(tx, actor);
  const result = await change();
  const after = await findAdministrators(tx, actor);
  if ((before.exist && !after.exist) || (before.canUseApi && !after.canUseApi)) throw new LastAdministratorError();
  return result;
}

async function findAdministrators(tx: EntityManager, { rootOrganizationId, request }: Actor) {
  const parameters = [rootOrganizationId, MIN_LIFETIME, MIN_USES];
  const rows: { trustedIps: TrustedIp[] | null }[] = await tx.query(ALLOW_LISTS, parameters);
  const canUseApi = rows.some(({ trustedIps }) => trustedIps && isAllowed(trustedIps, request.address));
  return { exist: rows.length > 0, canUseApi };
}
