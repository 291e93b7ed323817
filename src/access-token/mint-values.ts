import type { IdempotencyKey } from '../database/entities/idempotency-key.entity.js';
import { snake } from '../database/naming.js';
import type { ProposedMint } from './proposed-mint.js';

type Types<T> = Record<keyof T, string>;

/**
 * What a mint rests on, and what its rows have in common with those of others that rest on the same. Who the caller is
 * its token's row says. What isn't there is left out, which is less to write and to read than a null.
 */
const groundOf = ({ token, audit, judgement, rootOrganizationId }: ProposedMint) => ({
  root_organization_id: rootOrganizationId,
  caller_token_id: judgement.callerTokenId,
  caller_kid: judgement.callerKid,
  caller_role: judgement.callerRole.role,
  caller_role_id: judgement.callerRole.roleId ?? undefined,
  caller_permissions: judgement.callerRole.permissions ?? undefined,
  role: judgement.identityRole.role,
  role_id: judgement.identityRole.roleId ?? undefined,
  permissions: judgement.identityRole.permissions ?? undefined,
  config_id: judgement.configId,
  trusted_ips: judgement.trustedIps,
  organization_slug: judgement.organizationSlug ?? undefined,
  identity_id: token.identityId,
  organization_id: token.organizationId,
  kid: token.kid,
  auth_method: token.authMethod,
  ttl: token.ttl,
  max_ttl: token.maxTtl,
  num_uses_limit: token.numUsesLimit,
  epoch: token.epoch,
  event: audit.event,
});

type Ground = ReturnType<typeof groundOf>;

const GROUND: Types<Ground> = {
  root_organization_id: 'text',
  caller_token_id: 'uuid',
  caller_kid: 'text',
  caller_role: 'text',
  caller_role_id: 'uuid',
  caller_permissions: 'jsonb',
  role: 'text',
  role_id: 'uuid',
  permissions: 'jsonb',
  config_id: 'uuid',
  trusted_ips: 'jsonb',
  organization_slug: 'text',
  identity_id: 'uuid',
  organization_id: 'uuid',
  kid: 'text',
  auth_method: 'text',
  ttl: 'integer',
  max_ttl: 'integer',
  num_uses_limit: 'integer',
  epoch: 'bigint',
  event: 'text',
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
export const GROUNDS_SQL = recordset('$1', 'g', { ground: 'integer', latest: 'timestamptz', ...GROUND });
export const MINTS_SQL = recordset('$2', 'm', MINT);

/** Mints that rest on the same, and so stand or fall together. */
interface Alike {
  ground: Ground;
  mints: ProposedMint[];
}

/** What the statement of mints takes: what they rest on, once for all that rest on the same, and what is their own. */
export function mintValues(mints: readonly ProposedMint[]): [grounds: string, mints: string] {
  const groups = gathered(mints);
  return [
    JSON.stringify(groups.map((alike, ground) => ({ ground, latest: latestOf(alike), ...alike.ground }))),
    JSON.stringify(groups.flatMap((alike, ground) => alike.mints.map((mint) => mintOf(mint, ground)))),
  ];
}

const latestOf = ({ mints }: Alike): Date => new Date(Math.max(...mints.map(({ token }) => token.createdAt.getTime())));

/** Puts together what rests on the same. Most callers mint for one identity, so each is looked for among few. */
function gathered(mints: readonly ProposedMint[]): Alike[] {
  const groups = new Map<string, Alike[]>();
  for (const mint of mints) {
    const ground = groundOf(mint);
    const key = `${ground.caller_token_id} ${ground.identity_id} ${ground.organization_id}`;
    const known = groups.get(key);
    const alike = known?.find((group) => areSame(group.ground, ground));
    if (alike) alike.mints.push(mint);
    else if (known) known.push({ ground, mints: [mint] });
    else groups.set(key, [{ ground, mints: [mint] }]);
  }
  return [...groups.values()].flat();
}

const COLUMNS = Object.keys(GROUND) as (keyof Ground)[];

/** What was judged once has the same lists, however many mints it was found right for. */
const areSame = (one: Ground, other: Ground): boolean => COLUMNS.every((column) => one[column] === other[column]);

/** The row by the names of its columns. */
function keyColumnsOf(kept: IdempotencyKey): object {
  const row = { ...kept, bodyDigest: `\\x${kept.bodyDigest.toString('hex')}` };
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [snake(name), value as unknown]));
}
