import type { EntityManager } from 'typeorm';
import type { Membership } from '../database/entities/membership.entity.js';
import { Role } from '../database/entities/role.entity.js';
import { PermissionSet } from './permission-set.js';

/** What a membership gives its identity. */
export async function grantsOf(db: EntityManager, { role, roleId }: Membership): Promise<PermissionSet> {
  const custom = roleId === null ? null : await db.findOneByOrFail(Role, { id: roleId });
  return PermissionSet.of({ role, permissions: custom?.permissions ?? null });
}
