import { AccessTokenUsage } from './entities/access-token-usage.entity.js';
import { AccessToken } from './entities/access-token.entity.js';
import { AuditEvent } from './entities/audit-event.entity.js';
import { Epoch } from './entities/epoch.entity.js';
import { IdempotencyKey } from './entities/idempotency-key.entity.js';
import { IdentityMetadata } from './entities/identity-metadata.entity.js';
import { Identity } from './entities/identity.entity.js';
import { Instance } from './entities/instance.entity.js';
import { Membership } from './entities/membership.entity.js';
import { Organization } from './entities/organization.entity.js';
import { Replica } from './entities/replica.entity.js';
import { Revocation } from './entities/revocation.entity.js';
import { Role } from './entities/role.entity.js';
import { SigningKey } from './entities/signing-key.entity.js';
import { TokenAuthConfig } from './entities/token-auth-config.entity.js';

/** All entities, for the data source. Code imports each by its own file. */
export const entities = [
  AccessToken,
  AccessTokenUsage,
  AuditEvent,
  Epoch,
  IdempotencyKey,
  Identity,
  IdentityMetadata,
  Instance,
  Membership,
  Organization,
  Replica,
  Revocation,
  Role,
  SigningKey,
  TokenAuthConfig,
];
