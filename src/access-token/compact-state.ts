import type { TrustedIp } from '../common/http/trusted-ip.js';
import { keyOf, Shared } from '../common/shared.js';
import type { PermissionRule } from '../database/entities/role.entity.js';

/** What many tokens have in common: all that their goodness rests on beside their own rows. */
interface Standing {
  identityId: string;
  organizationId: string;
  rootOrganizationId: string;
  numUsesLimit: number;
  isMember: boolean;
  role: string | null;
  permissions: PermissionRule[] | null;
  /** Null when the identity's Token Auth is gone. */
  trustedIps: TrustedIp[] | null;
  /** The timeline of the server that said so. */
  timeline: string;
}

/** All that a token's goodness rests on, as PostgreSQL has it. */
export interface TokenState extends Standing {
  tokenId: string;
  numUses: number;
  expiresAt: Date;
  /** The token itself, a scope that it lies in, its identity, its organization or the key of its text. */
  isRevoked: boolean;
}

/** A token's state that is small enough to be kept of very many tokens. */
export class CompactState implements TokenState {
  constructor(
    private readonly standing: Standing,
    readonly tokenId: string,
    readonly numUses: number,
    private readonly expiresAtMs: number,
    readonly isRevoked: boolean,
    /** The position in the revocation log that was applied before the question was sent. */
    readonly position: number,
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

  get numUsesLimit() {
    return this.standing.numUsesLimit;
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
}

const standings = new Shared<Standing>();

/** How many columns of a row are the token's own. */
const OWN = 4;

/**
 * Takes a row as PostgreSQL writes it: id, uses, end in milliseconds, whether it is revoked, and the standing in the
 * order of its fields. `asked` is the id that the caller has: one text does for both.
 */
export function compactState(row: readonly (string | null)[], asked: string, position: number): CompactState {
  const [id, numUses, expiresAt, isRevoked] = row;
  const common = row.slice(OWN);
  const standing = standings.of(keyOf(common), () => standingOf(common));
  const tokenId = id === asked ? asked : (id ?? '');
  return new CompactState(standing, tokenId, Number(numUses), Number(expiresAt), isRevoked === 't', position);
}

function standingOf(row: readonly (string | null)[]): Standing {
  const [identityId, organizationId, rootOrganizationId, limit, isMember, role, permissions, trustedIps, timeline] =
    row;
  return {
    identityId: identityId ?? '',
    organizationId: organizationId ?? '',
    rootOrganizationId: rootOrganizationId ?? '',
    numUsesLimit: Number(limit),
    isMember: isMember === 't',
    role: role ?? null,
    permissions: parsed(permissions) as PermissionRule[] | null,
    trustedIps: parsed(trustedIps) as TrustedIp[] | null,
    timeline: timeline ?? '',
  };
}

const parsed = (json: string | null | undefined): unknown =>
  json === null || json === undefined ? null : JSON.parse(json);
