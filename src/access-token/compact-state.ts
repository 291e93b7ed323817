import type { TrustedIp } from '../common/http/trusted-ip.js';
import { keyOf, Shared } from '../common/shared.js';
import type { PermissionRule } from '../database/entities/role.entity.js';
import { memberKey } from './member-key.js';

/** What many tokens have in common: all that their goodness rests on beside their own rows. */
export interface Standing {
  identityId: string;
  organizationId: string;
  rootOrganizationId: string;
  /** Key of limits per identity and organization; stored because every request needs it. */
  memberKey: string;
  authMethod: string;
  isMember: boolean;
  role: string | null;
  permissions: PermissionRule[] | null;
  /** Null when the identity's Token Auth is gone. */
  trustedIps: TrustedIp[] | null;
  /** The timeline of the server that said so. */
  timeline: string;
}

/** All that a token's goodness rests on, as PostgreSQL has it. */
export interface TokenState extends Omit<Standing, 'authMethod' | 'memberKey'> {
  tokenId: string;
  numUses: number;
  numUsesLimit: number;
  expiresAt: Date;
  /** The token itself, a scope that it lies in, its identity, its organization or the key of its text. */
  isRevoked: boolean;
}

/** A token's state that is small enough to be kept of very many tokens. */
export class CompactState implements TokenState {
  constructor(
    readonly standing: Standing,
    readonly tokenId: string,
    readonly numUses: number,
    readonly numUsesLimit: number,
    private readonly expiresAtMs: number,
    readonly isRevoked: boolean,
    /** The position in the revocation log up to which it is known to hold; at first, that of before the question. */
    public position: number,
  ) {}

  get identityId() {
    return this.standing.identityId;
  }

  get organizationId() {
    return this.standing.organizationId;
  }

  get rootOrganizationId() {
    return this.standing.rootOrganizationId;
  }

  get memberKey() {
    return this.standing.memberKey;
  }

  get isMember() {
    return this.standing.isMember;
  }

  get role() {
    return this.standing.role;
  }

  get permissions() {
    return this.standing.permissions;
  }

  get trustedIps() {
    return this.standing.trustedIps;
  }

  get timeline() {
    return this.standing.timeline;
  }

  get expiresAt() {
    return new Date(this.expiresAtMs);
  }

  hasExpired(now: Date): boolean {
    return this.expiresAtMs <= now.getTime();
  }
}

const standings = new Shared<Standing>();

/** The standing of a row's columns as PostgreSQL writes them, in the order of its fields. */
export const standingOf = (row: readonly (string | null)[]): Standing => standings.of(keyOf(row), () => madeOf(row));

function madeOf(row: readonly (string | null)[]): Standing {
  const [
    identityId,
    organizationId,
    rootOrganizationId,
    authMethod,
    isMember,
    role,
    permissions,
    trustedIps,
    timeline,
  ] = row;
  const member = {
    identityId: identityId ?? '',
    organizationId: organizationId ?? '',
    rootOrganizationId: rootOrganizationId ?? '',
  };
  return {
    ...member,
    memberKey: memberKey(member),
    authMethod: authMethod ?? '',
    isMember: isMember === 't',
    role: role ?? null,
    permissions: parsed(permissions) as PermissionRule[] | null,
    trustedIps: parsed(trustedIps) as TrustedIp[] | null,
    timeline: timeline ?? '',
  };
}

const parsed = (json: string | null | undefined): unknown =>
  json === null || json === undefined ? null : JSON.parse(json);
