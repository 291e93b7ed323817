import type { Actor } from '../permission/actor.js';
import type { LogEntry } from '../revocation/log-read.js';

/** In whose behalf a follower listens. */
export type Audience = Pick<Actor, 'organizationId' | 'rootOrganizationId'>;

/** A key that begins to sign, or ends with its last token, changes no token; followers read the published keys. */
const isKeyStateChange = ({ effect, scope }: LogEntry): boolean => effect === 'changed' && scope === 'key';

/**
 * Returns true if the entry can concern a token of the follower's organization or one below. A sub-organization gets an
 * entry of its root only where that concerns its own tokens, because other entries name identities elsewhere.
 */
export function concerns(audience: Audience, entry: LogEntry): boolean {
  const { organizationId, rootOrganizationId } = audience;
  if (isKeyStateChange(entry)) return false;
  if (entry.organizationId === null || entry.organizationId === organizationId) return true;
  if (entry.rootOrganizationId === organizationId) return true;
  return entry.organizationId === rootOrganizationId && concernsSubOrganization(audience, entry);
}

/** An entry of the root, for a follower of a sub-organization. */
function concernsSubOrganization({ organizationId, rootOrganizationId }: Audience, entry: LogEntry): boolean {
  const { scope, key, tokenOrganizationIds } = entry;
  switch (scope) {
    case 'organization':
      return key === rootOrganizationId || key === organizationId;
    case 'identity':
    case 'identity-method':
      return tokenOrganizationIds === null || tokenOrganizationIds.includes(organizationId);
    case 'identity-organization':
      return key.endsWith(`:${organizationId}`);
    case 'token':
      return false;
    default:
      return true;
  }
}

/** `concerns` as SQL, of a row `r` of the log and its organization `o`. */
export const concernsSql = (organizationId: string, rootOrganizationId: string): string => `(
  (r.effect <> 'changed' OR r.scope <> 'key')
  AND (r.organization_id IS NULL OR r.organization_id = ${organizationId} OR o.root_id = ${organizationId}
    OR (r.organization_id = ${rootOrganizationId} AND CASE r.scope
      WHEN 'organization' THEN r.key = ${rootOrganizationId}::text OR r.key = ${organizationId}::text
      WHEN 'identity' THEN coalesce(${organizationId} = ANY (r.token_organization_ids), true)
      WHEN 'identity-method' THEN coalesce(${organizationId} = ANY (r.token_organization_ids), true)
      WHEN 'identity-organization' THEN r.key LIKE '%:' || ${organizationId}::text
      WHEN 'token' THEN false
      ELSE true END)))`;
