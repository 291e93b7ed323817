import type { Actor } from '../permission/actor.js';
import type { LogEntry } from '../revocation/log-read.js';

/** In whose behalf a follower listens. */
export type Audience = Pick<Actor, 'organizationId' | 'rootOrganizationId'>;

/** A key that begins to sign, or ends with its last token, changes no token; followers read the published keys. */
const isKeyStateChange = ({ effect, scope }: LogEntry): boolean => effect === 'changed' && scope === 'key';

/**
 * Whether the entry can concern a token of the follower's organization or one below. Identities of the root are
 * members of its sub-organizations: what ends many tokens at once is told there too, single tokens of the root are not.
 */
export function concerns({ organizationId, rootOrganizationId }: Audience, entry: LogEntry): boolean {
  if (isKeyStateChange(entry)) return false;
  if (entry.organizationId === null || entry.organizationId === organizationId) return true;
  if (entry.rootOrganizationId === organizationId) return true;
  return entry.organizationId === rootOrganizationId && entry.scope !== 'token';
}

/** `concerns` as SQL, of a row `r` of the log and its organization `o`. */
export const concernsSql = (organizationId: string, rootOrganizationId: string): string => `(
  (r.effect <> 'changed' OR r.scope <> 'key')
  AND (r.organization_id IS NULL OR r.organization_id = ${organizationId} OR o.root_id = ${organizationId}
    OR (r.organization_id = ${rootOrganizationId} AND r.scope <> 'token')))`;
