import type { CallOptions } from './call-options.js';
import { idOf, ServiceClient } from './service-client.js';
import { aligned, orDash, table } from './table.js';
import { answer, type Terminal } from './terminal.js';
import { configPairs, tokenAuthOf } from './token-auth.js';

export interface ListOptions extends CallOptions {
  name?: string;
  role?: string;
  limit: number;
  offset: number;
}

/** An identity as a member of the caller's organization: what is shown of it. */
export interface Member {
  role: string;
  orgId: string;
  createdAt: string;
  customRole?: { slug: string };
  identity: { id: string; name: string; hasDeleteProtection: boolean; orgId: string; authMethods: string[] };
}

const TOKEN_AUTH = 'token-auth';

export async function listIdentities(terminal: Terminal, options: ListOptions): Promise<void> {
  const service = await ServiceClient.of(terminal, options);
  const { name, role, limit, offset } = options;
  const search = {
    ...(name === undefined ? {} : { name: { $contains: name } }),
    ...(role === undefined ? {} : { role }),
  };
  const found = await service.send<{ identities: Member[]; totalCount: number }>('identities/search', {
    method: 'POST',
    body: { search, limit, offset },
  });
  const rows = found.identities.map((member) => {
    const { id, name: called, authMethods } = member.identity;
    return [id, called, roleOf(member), orDash(authMethods.join(', ')), member.createdAt];
  });
  answer(terminal, options, found, table(['ID', 'NAME', 'ROLE', 'AUTH', 'MEMBER SINCE'], rows));
  if (offset + rows.length < found.totalCount && !options.json) {
    terminal.err(`${rows.length} of ${found.totalCount}; more with --offset ${offset + rows.length}\n`);
  }
}

export async function showIdentity(terminal: Terminal, id: string, options: CallOptions): Promise<void> {
  const service = await ServiceClient.of(terminal, options);
  const { identity: member } = await service.send<{ identity: Member }>(`identities/${idOf(id)}`);
  const hasTokenAuth = member.identity.authMethods.includes(TOKEN_AUTH);
  const tokenAuth = hasTokenAuth ? await tokenAuthOf(service, id) : null;
  const memberships = await membershipsBelow(service, id, member.orgId);
  answer(
    terminal,
    options,
    { identity: member, identityTokenAuth: tokenAuth, subOrganizationMemberships: memberships },
    aligned([...memberPairs(member), ...configPairs(tokenAuth), ...memberships.map(membershipPair)]),
  );
}

/** A membership in a sub-organization. */
export interface Membership {
  orgId: string;
  orgSlug: string;
  roleSlug: string;
  isActive: boolean;
}

/** Memberships that a command shows; the API lists the rest. */
const MAX_MEMBERSHIPS = 100;

/** Loads the memberships of an identity in the sub-organizations of the caller's organization. */
export async function membershipsBelow(service: ServiceClient, id: string, orgId: string): Promise<Membership[]> {
  const path = `identities/${idOf(id)}/organization-memberships`;
  const { memberships } = await service.send<{ memberships: Membership[] }>(path, {
    query: { limit: MAX_MEMBERSHIPS },
  });
  return memberships.filter((membership) => membership.orgId !== orgId);
}

const membershipPair = (membership: Membership): [string, string] => ['Also member of', membershipText(membership)];

export const membershipText = ({ orgSlug, roleSlug, isActive }: Membership): string =>
  `${orgSlug} (${roleSlug}${isActive ? '' : ', switched off'})`;

const memberPairs = (member: Member): [string, string][] => [
  ['Id', member.identity.id],
  ['Name', member.identity.name],
  ['Role', roleOf(member)],
  ['Owned by', member.identity.orgId],
  ['Delete protection', member.identity.hasDeleteProtection ? 'yes' : 'no'],
  ['Member since', member.createdAt],
];

const roleOf = ({ role, customRole }: Member): string => customRole?.slug ?? role;
