import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ForbiddenError, NotFoundError } from '../common/errors/app-error.js';
import { isUuid } from '../common/uuid.js';
import type { Actor } from './actor.js';

/** An identity as one organization sees it. */
export interface KnownIdentity {
  id: string;
  name: string;
  /** The organization that owns it. */
  organizationId: string;
}

/** Unknown, or of another organization: the caller cannot tell which. */
export class IdentityNotFoundError extends NotFoundError {
  constructor() {
    super('Identity not found');
  }
}

/** The identity is a member here, but what was asked belongs to the organization that owns it. */
class NotOwningOrganizationError extends ForbiddenError {
  constructor() {
    super('This can only be done in the organization that owns the identity');
  }
}

/** SQL of the identity of an id, if an organization owns it or has it as a member. */
export const knownIdentitySql = (columns: string, identityId: string, organizationId: string): string => `
  SELECT ${columns} FROM identity
  WHERE id = ${identityId} AND deleted_at IS NULL AND (organization_id = ${organizationId} OR EXISTS (
    SELECT FROM membership WHERE organization_id = ${organizationId} AND identity_id = ${identityId}))`;

const FIND = knownIdentitySql('id, name, organization_id AS "organizationId"', '$1', '$2');

/** Finds the identities that an actor's organization owns or has as members. */
@Injectable()
export class MemberIdentities {
  async find(db: EntityManager, { organizationId }: Actor, identityId: string): Promise<KnownIdentity> {
    const found: KnownIdentity[] = isUuid(identityId) ? await db.query(FIND, [identityId, organizationId]) : [];
    const [identity] = found;
    if (!identity) throw new IdentityNotFoundError();
    return identity;
  }

  /** Refuses what only the owning organization may do. */
  checkOwned({ organizationId }: Actor, identity: KnownIdentity): void {
    if (identity.organizationId !== organizationId) throw new NotOwningOrganizationError();
  }
}
