import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type FindOptionsWhere } from 'typeorm';
import { Authority } from '../access-token/authority.service.js';
import { AuditEvents } from '../audit-event/audit-events.service.js';
import { type Changes, changesBetween, type Fields } from '../audit-event/changes.js';
import { isDuplicate, isReferenced } from '../common/errors/postgres-errors.js';
import { newId } from '../common/random-id.js';
import { isUuid } from '../common/uuid.js';
import { isStorableText } from '../common/validation/unicode.js';
import { Membership } from '../database/entities/membership.entity.js';
import { Role } from '../database/entities/role.entity.js';
import { insertUnlessThere } from '../database/insert-unless-there.js';
import type { Actor } from '../permission/actor.js';
import type { Action } from '../permission/catalog.js';
import { PermissionSet } from '../permission/permission-set.js';
import { Permissions } from '../permission/permissions.service.js';
import { RoleNotFoundError } from '../permission/roles.js';
import { RevocationLog } from '../revocation/revocation-log.service.js';
import { checkNotReserved, MAX_ROLES, RoleInUseError, RoleSlugTakenError, TooManyRolesError } from './role-errors.js';
import type { CreateRoleDto, UpdateRoleDto } from './role.dto.js';

/** The roles that an organization makes for itself, beside the built-in ones. */
@Injectable()
export class RoleService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly authority: Authority,
    private readonly permissions: Permissions,
    private readonly revocations: RevocationLog,
    private readonly auditEvents: AuditEvents,
  ) {}

  async create(caller: Actor, dto: CreateRoleDto): Promise<Role> {
    return this.authority.manage(caller, async (tx, actor) => {
      this.permissions.check(actor, 'role', 'create');
      const role = newRole(actor, dto);
      this.checkCovers(actor, role);
      checkNotReserved(role.slug);
      await checkBelowLimit(tx, actor.organizationId);
      if (!(await insertUnlessThere(tx, Role, role))) throw new RoleSlugTakenError();
      await this.auditEvents.record(tx, actor, 'create-org-role', targetOf(role, changesBetween({}, fieldsOf(role))));
      return role;
    });
  }

  async list(actor: Actor): Promise<Role[]> {
    this.permissions.check(actor, 'role', 'read');
    const { organizationId } = actor;
    return this.dataSource.manager.find(Role, { where: { organizationId }, order: { createdAt: 'ASC', id: 'ASC' } });
  }

  async get(actor: Actor, roleId: string): Promise<Role> {
    const { organizationId } = actor;
    return this.read(actor, isUuid(roleId) ? { id: roleId, organizationId } : null);
  }

  async getBySlug(actor: Actor, slug: string): Promise<Role> {
    const { organizationId } = actor;
    return this.read(actor, isStorableText(slug) ? { slug, organizationId } : null);
  }

  /**
   * Holders of the role have the new permissions from the commit on: statements that depend on the row wait for it.
   * Writes nothing if every value is the stored one.
   */
  async update(caller: Actor, roleId: string, dto: UpdateRoleDto): Promise<Role> {
    const work = this.authority.manage(caller, async (tx, actor) => {
      const stored = await this.lock(tx, actor, roleId, 'edit');
      const role = changed(stored, dto, actor.request.now);
      this.checkCovers(actor, role);
      if (dto.slug !== undefined) checkNotReserved(dto.slug);
      const changes = changesBetween(fieldsOf(stored), fieldsOf(role));
      if (!changes) return stored;
      await tx.update(Role, { id: role.id }, role);
      // The row lock keeps memberships from getting the role until the commit, because of their foreign key.
      if (changes.permissions && (await tx.existsBy(Membership, { roleId: role.id }))) {
        await this.noteChange(tx, actor, role);
      }
      await this.auditEvents.record(tx, actor, 'update-org-role', targetOf(role, changes));
      return role;
    });
    return work.catch((error: unknown) => {
      throw isDuplicate(error, 'uq_role_organization_id_slug') ? new RoleSlugTakenError() : error;
    });
  }

  /** The foreign key of memberships decides whether the role is in use. */
  async delete(caller: Actor, roleId: string): Promise<Role> {
    const work = this.authority.manage(caller, async (tx, actor) => {
      const role = await this.lock(tx, actor, roleId, 'delete');
      await tx.delete(Role, { id: role.id });
      await this.auditEvents.record(tx, actor, 'delete-org-role', targetOf(role, changesBetween(fieldsOf(role), {})));
      return role;
    });
    return work.catch((error: unknown) => {
      throw isReferenced(error, 'fk_membership_role_id') ? new RoleInUseError() : error;
    });
  }

  private async read(actor: Actor, where: FindOptionsWhere<Role> | null): Promise<Role> {
    const role = where && (await this.dataSource.manager.findOneBy(Role, where));
    if (!role) throw new RoleNotFoundError();
    this.permissions.check(actor, 'role', 'read');
    return role;
  }

  /** A role of the actor's organization that it may change, locked until the transaction ends. */
  private async lock(tx: EntityManager, actor: Actor, roleId: string, action: Action<'role'>): Promise<Role> {
    const where = { id: roleId, organizationId: actor.organizationId };
    const role = isUuid(roleId) ? await tx.findOne(Role, { where, lock: { mode: 'pessimistic_write' } }) : null;
    if (!role) throw new RoleNotFoundError();
    this.permissions.check(actor, 'role', action);
    this.checkCovers(actor, role);
    return role;
  }

  private checkCovers(actor: Actor, { permissions }: Role): void {
    this.permissions.checkCovers(actor.permissions, new PermissionSet(permissions));
  }

  private async noteChange(tx: EntityManager, actor: Actor, { organizationId }: Role): Promise<void> {
    await this.revocations.noteChange(tx, {
      scope: 'organization',
      key: organizationId,
      organizationId: actor.rootOrganizationId,
      now: actor.request.now,
    });
  }
}

const targetOf = ({ id, slug }: Role, changes: Changes | null) => ({ details: { roleId: id, slug, changes } });

const fieldsOf = ({ slug, name, description, permissions }: Role): Fields => ({ slug, name, description, permissions });

function newRole({ organizationId, request }: Actor, dto: CreateRoleDto): Role {
  return {
    id: newId(),
    organizationId,
    slug: dto.slug,
    name: dto.name,
    description: dto.description ?? null,
    permissions: rulesOf(dto.permissions),
    createdAt: request.now,
    updatedAt: request.now,
  };
}

function changed(stored: Role, dto: UpdateRoleDto, now: Date): Role {
  return {
    ...stored,
    slug: dto.slug ?? stored.slug,
    name: dto.name ?? stored.name,
    description: dto.description ?? stored.description,
    permissions: dto.permissions ? rulesOf(dto.permissions) : stored.permissions,
    updatedAt: now,
  };
}

const rulesOf = (rules: CreateRoleDto['permissions']) => rules.map(({ subject, action }) => ({ subject, action }));

/** The management lock of the root serializes the creation of roles, so the count is still true at the insert. */
async function checkBelowLimit(tx: EntityManager, organizationId: string): Promise<void> {
  if ((await tx.countBy(Role, { organizationId })) >= MAX_ROLES) throw new TooManyRolesError();
}
