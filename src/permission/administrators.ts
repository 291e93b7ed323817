import type { EntityManager } from 'typeorm';
import { BadRequestError } from '../common/errors/app-error.js';

const HAS_ADMINISTRATOR = `
  SELECT EXISTS (
    SELECT FROM membership m JOIN identity i ON i.id = m.identity_id AND i.deleted_at IS NULL
    WHERE m.organization_id = $1 AND m.is_active AND m.role = 'admin') AS "isThere"`;

/**
 * Refuses a change that left the root organization without an active administrator. Asked after the change, in its
 * transaction: changes of one root follow one another under the management lock, so no two can each take the last.
 */
export async function checkAdministratorRemains(tx: EntityManager, rootOrganizationId: string): Promise<void> {
  const [row]: { isThere: boolean }[] = await tx.query(HAS_ADMINISTRATOR, [rootOrganizationId]);
  if (!row?.isThere) throw new BadRequestError('The last active administrator of an organization has to stay');
}
