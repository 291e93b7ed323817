import { newId } from '../../src/common/random-id.js';
import { type PermissionRule, Role } from '../../src/database/entities/role.entity.js';
import type { Answer } from './http-client.js';
import type { TestApp } from './test-app.js';

/** What tests of a sub-organization's members do and see. */
export class SubOrganizationMembers {
  constructor(private readonly app: TestApp) {}

  path = (subOrgId: string, identityId: string): string =>
    `/api/v1/sub-organizations/${subOrgId}/memberships/${identityId}`;

  add = (subOrgId: string, identityId: string, token?: string, body?: unknown): Promise<Answer> =>
    this.app.http.put(this.path(subOrgId, identityId), { token, body });

  update = (subOrgId: string, identityId: string, token?: string, body?: unknown): Promise<Answer> =>
    this.app.http.patch(this.path(subOrgId, identityId), { token, body });

  remove = (subOrgId: string, identityId: string, token?: string): Promise<Answer> =>
    this.app.http.delete(this.path(subOrgId, identityId), { token });

  /** The memberships as they are stored. */
  async of(subOrgId: string): Promise<object[]> {
    return this.app.db.query(
      `SELECT identity_id AS "identityId", role, role_id AS "roleId", is_active AS "isActive" FROM membership
       WHERE organization_id = $1 ORDER BY created_at, id`,
      [subOrgId],
    );
  }

  /** A caller whose role in the root has these rules. */
  async manager(permissions: PermissionRule[]): Promise<{ id: string; token: string }> {
    const caller = await this.app.given.identity();
    await this.app.given.customRole(caller.id, permissions);
    return caller;
  }

  /** A role of an organization's own. */
  async role(organizationId: string, permissions: PermissionRule[]): Promise<{ id: string; slug: string }> {
    const now = this.app.clock.now();
    const id = newId();
    const slug = `role-${id}`;
    const texts = { slug, name: 'a role', description: null };
    await this.app.db.manager.insert(Role, {
      id,
      organizationId,
      ...texts,
      permissions,
      createdAt: now,
      updatedAt: now,
    });
    return { id, slug };
  }

  /** The events that an actor left behind. */
  async eventsOf(actorId: string): Promise<object[]> {
    return this.app.db.query(
      `SELECT event, outcome, identity_id AS "identityId", details FROM audit_event WHERE actor_identity_id = $1
       ORDER BY created_at, id`,
      [actorId],
    );
  }
}
