import type { TrustedIp } from '../../common/http/trusted-ip.js';
import type { AccessToken } from '../../database/entities/access-token.entity.js';
import type { AuditEvent } from '../../database/entities/audit-event.entity.js';
import type { IdempotencyKey } from '../../database/entities/idempotency-key.entity.js';
import type { PermissionRule } from '../../database/entities/role.entity.js';

/** A role as somebody was judged to hold it. */
export interface JudgedRole {
  role: string;
  roleId: string | null;
  permissions: PermissionRule[] | null;
}

/** What a mint was judged by. The statement mints only if all of it still holds. */
export interface MintJudgement {
  callerTokenId: string;
  /** The key of the caller's text. */
  callerKid: string;
  /** The caller's own membership in the organization that the new token is scoped to. */
  callerRole: JudgedRole;
  /** The identity's membership there. */
  identityRole: JudgedRole;
  configId: string;
  trustedIps: TrustedIp[];
  /** What the request calls the organization, if it does. */
  organizationSlug: string | null;
}

/** What a mint writes, and what it was judged by. */
export interface ProposedMint {
  token: AccessToken;
  audit: AuditEvent;
  /** Null when the request has no idempotency key. */
  kept: IdempotencyKey | null;
  judgement: MintJudgement;
  /** Whose gate the mint passes. */
  rootOrganizationId: string;
}
