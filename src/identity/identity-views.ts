import type { EntityManager } from 'typeorm';
import { TOKEN_AUTH } from '../access-token/access-token-claims.js';
import { IdentityMetadata } from '../database/entities/identity-metadata.entity.js';
import { Identity } from '../database/entities/identity.entity.js';
import { Membership } from '../database/entities/membership.entity.js';
import { Role } from '../database/entities/role.entity.js';
import { TokenAuthConfig } from '../database/entities/token-auth-config.entity.js';

export interface MetadataEntry {
  id: string;
  key: string;
  value: string;
}

/** An identity as a member of one organization, with all that its readers see. */
export interface IdentityMembership {
  membership: Membership;
  identity: Identity;
  role: Role | null;
  metadata: MetadataEntry[];
  authMethods: string[];
}

/** The metadata of an identity, in the order in which it was sent. */
export async function readMetadata(db: EntityManager, identityId: string): Promise<MetadataEntry[]> {
  const entries = await db.find(IdentityMetadata, { where: { identityId }, order: { position: 'ASC' } });
  return entries.map(({ id, key, value }) => ({ id, key, value }));
}

/** The methods that are attached to an identity. */
export async function readAuthMethods(db: EntityManager, identityId: string): Promise<string[]> {
  return (await db.existsBy(TokenAuthConfig, { identityId })) ? [TOKEN_AUTH] : [];
}

/** Null when the identity is no member of the organization, or gone. */
export async function readMembership(
  db: EntityManager,
  organizationId: string,
  identityId: string,
): Promise<IdentityMembership | null> {
  const membership = await db.findOneBy(Membership, { organizationId, identityId });
  const identity = await db.findOneBy(Identity, { id: identityId });
  if (!membership || !identity || identity.deletedAt) return null;
  return {
    membership,
    identity,
    role: membership.roleId === null ? null : await db.findOneBy(Role, { id: membership.roleId }),
    metadata: await readMetadata(db, identityId),
    authMethods: await readAuthMethods(db, identityId),
  };
}
