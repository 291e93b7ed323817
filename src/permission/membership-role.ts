import type { EntityManager } from 'typeorm';
import type { Membership } from '../database/entities/membership.entity.js';
import { Role } from '../database/entities/role.entity.js';
import { PermissionSet } from './permission-set.js';

type HeldRoleColumns = Pick<Membership, 'role' | 'roleId'>;

/** What a membership gives its identity. */
export async function grantsOf(db: EntityManager, { role, roleId }: Membership): Promise<PermissionSet> {
  const custom = roleId === null ? null : await db.findOneByOrFail(Role, { id: roleId });
  return PermissionSet.of({ role, permissions: custom?.permissions ?? null });
}

/** Reads the slug of the role that a membership has. */
export async function readRoleSlug(db: EntityManager, { role, roleId }: HeldRoleColumns): Promise<string> {
  return roleId === null ? role : (await db.findOneByOrFail(Role, { id: roleId })).slug;
}
