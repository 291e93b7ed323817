import { Injectable } from '@nestjs/common';
import { type EntityManager, IsNull } from 'typeorm';
import { Authority } from '../access-token/authority.service.js';
import { AuditEvents } from '../audit-event/audit-events.service.js';
import { type Changes, changesBetween, type Fields } from '../audit-event/changes.js';
import { BadRequestError } from '../common/errors/app-error.js';
import { isDuplicate } from '../common/errors/postgres-errors.js';
import { newId } from '../common/random-id.js';
import { slugOf } from '../common/slug.js';
import { Identity } from '../database/entities/identity.entity.js';
import { Organization } from '../database/entities/organization.entity.js';
import type { Actor } from '../permission/actor.js';
import { Permissions } from '../permission/permissions.service.js';
import { RevocationLog } from '../revocation/revocation-log.service.js';
import { NotARootError, ProtectedIdentitiesError, SlugTakenError } from './organization-errors.js';
import type { CreateSubOrganizationDto, UpdateSubOrganizationDto } from './sub-organization.dto.js';
import { addMember, findBelow } from './sub-organizations.js';

/** How many sub-organizations a root can have. */
const MAX_BELOW = 10_000;

const IS_FULL = `
  SELECT count(*) >= $2 AS "isFull"
  FROM (SELECT FROM organization WHERE parent_id = $1 AND deleted_at IS NULL LIMIT $2) below`;

/** The sub-organizations of a root: each a scope of its own for tokens, roles and members. */
@Injectable()
export class SubOrganizationService {
  constructor(
    private readonly authority: Authority,
    private readonly permissions: Permissions,
    private readonly revocations: RevocationLog,
    private readonly auditEvents: AuditEvents,
  ) {}

  /** The caller becomes its administrator: nothing is in it yet that this could give power over. */
  async create(caller: Actor, { name, slug }: CreateSubOrganizationDto): Promise<Organization> {
    return this.authority.manage(caller, async (tx, actor) => {
      if (actor.organizationId !== actor.rootOrganizationId) throw new NotARootError();
      this.permissions.check(actor, 'sub-organization', 'create');
      await checkRoomBelow(tx, actor.organizationId);
      const organization = newBelow(actor, name, slug ?? slugOf(name, 'sub-organization'));
      await write(tx, organization, () => tx.insert(Organization, organization));
      const admin = { identityId: actor.identityId, role: 'admin', roleId: null, isActive: true };
      await addMember(tx, { organizationId: organization.id, ...admin }, actor.request.now);
      await this.record(tx, actor, 'create-sub-organization', organization, changesBetween({}, fieldsOf(organization)));
      return organization;
    });
  }

  /** A new name leaves the slug as it is. Writes nothing if every value is the stored one. */
  async update(caller: Actor, subOrgId: string, dto: UpdateSubOrganizationDto): Promise<Organization> {
    return this.authority.manage(caller, async (tx, actor) => {
      const found = await findBelow(tx, actor, subOrgId);
      this.permissions.check(actor, 'sub-organization', 'edit');
      if (dto.name === undefined && dto.slug === undefined) return found;
      const stored = await lock(tx, found.id);
      const { name = stored.name, slug = stored.slug } = dto;
      const organization = { ...stored, name, slug, updatedAt: actor.request.now };
      const changes = changesBetween(fieldsOf(stored), fieldsOf(organization));
      if (!changes) return stored;
      await write(tx, organization, () => tx.update(Organization, { id: stored.id }, organization));
      await this.record(tx, actor, 'update-sub-organization', organization, changes);
      return organization;
    });
  }

  /** Ends every token that works in it, at once. Its slug is free from then on. */
  async delete(caller: Actor, subOrgId: string): Promise<Organization> {
    return this.authority.manage(caller, async (tx, actor) => {
      const { id } = await findBelow(tx, actor, subOrgId);
      this.permissions.check(actor, 'sub-organization', 'delete');
      const organization = await lock(tx, id);
      await checkNoProtectedIdentity(tx, id);
      const { now } = actor.request;
      await this.revocations.revokeScope(tx, { scope: 'organization', key: id, organizationId: id, now });
      await tx.update(Organization, { id }, { deletedAt: now });
      await this.record(tx, actor, 'delete-sub-organization', organization, changesBetween(fieldsOf(organization), {}));
      return organization;
    });
  }

  private async record(
    tx: EntityManager,
    actor: Actor,
    event: 'create-sub-organization' | 'update-sub-organization' | 'delete-sub-organization',
    { id, slug }: Organization,
    changes: Changes | null,
  ): Promise<void> {
    await this.auditEvents.record(tx, actor, event, { details: { subOrgId: id, slug, changes } });
  }
}

const fieldsOf = ({ name, slug }: Organization): Fields => ({ name, slug });

/** The row that mints share: whoever waits for this lock sees what came of it. */
const lock = (tx: EntityManager, id: string): Promise<Organization> =>
  tx.findOneOrFail(Organization, { where: { id }, lock: { mode: 'pessimistic_write' } });

/** Identities change under the same management lock, so no protection can be switched on before the commit. */
async function checkNoProtectedIdentity(tx: EntityManager, organizationId: string): Promise<void> {
  const isProtected = { organizationId, hasDeleteProtection: true, deletedAt: IsNull() };
  if (await tx.existsBy(Identity, isProtected)) throw new ProtectedIdentitiesError();
}

/** Nobody else adds one meanwhile, for changes of one root follow one another. */
async function checkRoomBelow(tx: EntityManager, rootId: string): Promise<void> {
  const [row]: { isFull: boolean }[] = await tx.query(IS_FULL, [rootId, MAX_BELOW]);
  if (row?.isFull) throw new BadRequestError(`A root organization has at most ${MAX_BELOW} sub-organizations`);
}

/** Writes a sub-organization's row. The unique index decides on its slug; the root's own slug names the root. */
async function write(
  tx: EntityManager,
  { slug, rootId }: Organization,
  statement: () => Promise<unknown>,
): Promise<void> {
  if (await tx.existsBy(Organization, { id: rootId, slug })) throw new SlugTakenError(slug);
  try {
    await statement();
  } catch (error) {
    throw isDuplicate(error, 'uq_organization_parent_id_slug') ? new SlugTakenError(slug) : error;
  }
}

function newBelow({ organizationId, request }: Actor, name: string, slug: string): Organization {
  return {
    id: newId(),
    name,
    slug,
    parentId: organizationId,
    rootId: organizationId,
    createdAt: request.now,
    updatedAt: request.now,
    deletedAt: null,
  };
}
