import type { IdempotencyKey } from '../../database/entities/idempotency-key.entity.js';
import { snake } from '../../database/naming.js';
import type { ProposedMint } from './proposed-mint.js';

type Types<T> = Record<keyof T, string>;

/**
 * What mints for many identities have in common: where, by which key, by which roles and within which limits. What isn't
 * there is left out, which is less to write and to read than a null.
 */
const termsOf = ({ token, audit, judgement, rootOrganizationId }: ProposedMint) => ({
  organization_id: token.organizationId,
  root_organization_id: rootOrganizationId,
  organization_slug: judgement.organizationSlug ?? undefined,
  kid: token.kid,
  caller_kid: judgement.callerKid,
  caller_role: judgement.callerRole.role,
  caller_role_id: judgement.callerRole.roleId ?? undefined,
  caller_permissions: judgement.callerRole.permissions ?? undefined,
  role: judgement.identityRole.role,
  role_id: judgement.identityRole.roleId ?? undefined,
  permissions: judgement.identityRole.permissions ?? undefined,
  trusted_ips: judgement.trustedIps,
  auth_method: token.authMethod,
  ttl: token.ttl,
  max_ttl: token.maxTtl,
  num_uses_limit: token.numUsesLimit,
  epoch: token.epoch,
  event: audit.event,
});

const TERMS: Types<ReturnType<typeof termsOf>> = {
  organization_id: 'uuid',
  root_organization_id: 'text',
  organization_slug: 'text',
  kid: 'text',
  caller_kid: 'text',
  caller_role: 'text',
  caller_role_id: 'uuid',
  caller_permissions: 'jsonb',
  role: 'text',
  role_id: 'uuid',
  permissions: 'jsonb',
  trusted_ips: 'jsonb',
  auth_method: 'text',
  ttl: 'integer',
  max_ttl: 'integer',
  num_uses_limit: 'integer',
  epoch: 'bigint',
  event: 'text',
};

/** Who mints for whom: mints that rest on the same stand or fall together. Who the caller is its token's row says. */
const groundOf = ({ token, judgement }: ProposedMint, terms: number) => ({
  terms,
  caller_token_id: judgement.callerTokenId,
  identity_id: token.identityId,
  config_id: judgement.configId,
});

const GROUND: Types<ReturnType<typeof groundOf>> = {
  terms: 'integer',
  caller_token_id: 'uuid',
  identity_id: 'uuid',
  config_id: 'uuid',
};

/** What is a mint's own. Its audit row names its token, and is of the same time. */
const mintOf = ({ token, audit, kept }: ProposedMint, ground: number) => ({
  ground,
  id: token.id,
  name: token.name ?? undefined,
  expires_at: token.expiresAt,
  created_at: token.createdAt,
  audit_id: audit.id,
  details: audit.details,
  ip_address: audit.ipAddress ?? undefined,
  user_agent: audit.userAgent ?? undefined,
  req_id: audit.reqId,
  kept: kept ? keyColumnsOf(kept) : undefined,
});

const MINT: Types<ReturnType<typeof mintOf>> = {
  ground: 'integer',
  id: 'uuid',
  name: 'text',
  expires_at: 'timestamptz',
  created_at: 'timestamptz',
  audit_id: 'uuid',
  details: 'jsonb',
  ip_address: 'text',
  user_agent: 'text',
  req_id: 'text',
  kept: 'jsonb',
};

/** One parameter of the statement as a table: PostgreSQL reads JSON straight into columns of known types. */
const recordset = (parameter: string, name: string, types: Record<string, string>): string => {
  const columns = Object.entries(types).map(([column, type]) => `${column} ${type}`);
  return `json_to_recordset(${parameter}::json) AS ${name}(${columns.join(', ')})`;
};

/** The values of `mintValues` as tables. */
export const TERMS_SQL = recordset('$1', 't', { terms: 'integer', latest: 'timestamptz', ...TERMS });
export const GROUNDS_SQL = recordset('$2', 'g', { ground: 'integer', ...GROUND });
export const MINTS_SQL = recordset('$3', 'm', MINT);

/** Of those that say the same, one. There are few. */
class Distinct<T extends object> {
  readonly all: T[] = [];
  private readonly columns: (keyof T)[];

  constructor(types: Types<T>) {
    this.columns = Object.keys(types) as (keyof T)[];
  }

  /** The place of the one that says the same. Equal lists are one list by now, or else they only share less. */
  place(one: T): number {
    const place = this.all.findIndex((other) => this.areEqual(one, other));
    return place >= 0 ? place : this.all.push(one) - 1;
  }

  private areEqual(one: T, other: T): boolean {
    for (const column of this.columns) if (one[column] !== other[column]) return false;
    return true;
  }
}

/** What the statement of mints takes: what many have in common once, then who mints for whom, then what is a mint's own. */
export function mintValues(mints: readonly ProposedMint[]): [terms: string, grounds: string, mints: string] {
  const terms = new Distinct(TERMS);
  const grounds = new Distinct(GROUND);
  const own = mints.map((mint) => mintOf(mint, grounds.place(groundOf(mint, terms.place(termsOf(mint))))));
  const latest = new Date(Math.max(...own.map(({ created_at }) => created_at.getTime())));
  return [
    JSON.stringify(terms.all.map((one, place) => ({ terms: place, latest, ...one }))),
    JSON.stringify(grounds.all.map((one, place) => ({ ground: place, ...one }))),
    JSON.stringify(own),
  ];
}

/** The row by the names of its columns. */
function keyColumnsOf(kept: IdempotencyKey): object {
  const row = { ...kept, bodyDigest: `\\x${kept.bodyDigest.toString('hex')}` };
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [snake(name), value as unknown]));
}
