import { idOf, ServiceClient, type ServiceOptions } from './service-client.js';
import { aligned, orDash, table } from './table.js';
import { answer, type OutputOptions, type Terminal } from './terminal.js';

export interface CallOptions extends ServiceOptions, OutputOptions {}

export interface ListOptions extends CallOptions {
  name?: string;
  role?: string;
  limit: number;
  offset: number;
}

/** An identity as a member of the caller's organization: what is shown of it. */
export interface Member {
  role: string;
  createdAt: string;
  customRole?: { slug: string };
  identity: { id: string; name: string; hasDeleteProtection: boolean; orgId: string; authMethods: string[] };
}

export interface TokenAuthConfig {
  accessTokenTTL: number;
  accessTokenMaxTTL: number;
  accessTokenNumUsesLimit: number;
  accessTokenTrustedIps: { ipAddress: string; prefix?: number }[];
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
  const path = idOf(id);
  const { identity: member } = await service.send<{ identity: Member }>(`identities/${path}`);
  const hasTokenAuth = member.identity.authMethods.includes(TOKEN_AUTH);
  const tokenAuth = hasTokenAuth
    ? (await service.send<{ identityTokenAuth: TokenAuthConfig }>(`auth/token-auth/identities/${path}`))
        .identityTokenAuth
    : null;
  answer(
    terminal,
    options,
    { identity: member, identityTokenAuth: tokenAuth },
    aligned([...memberPairs(member), ...configPairs(tokenAuth)]),
  );
}

const memberPairs = (member: Member): [string, string][] => [
  ['Id', member.identity.id],
  ['Name', member.identity.name],
  ['Role', roleOf(member)],
  ['Owned by', member.identity.orgId],
  ['Delete protection', member.identity.hasDeleteProtection ? 'yes' : 'no'],
  ['Member since', member.createdAt],
];

const configPairs = (config: TokenAuthConfig | null): [string, string][] =>
  config === null
    ? [['Token Auth', 'not attached']]
    : [
        ['Token Auth', 'attached'],
        ['TTL', limitOf(config.accessTokenTTL, 's')],
        ['Max TTL', limitOf(config.accessTokenMaxTTL, 's')],
        ['Uses', limitOf(config.accessTokenNumUsesLimit)],
        ['From', config.accessTokenTrustedIps.map(cidrOf).join(', ')],
      ];

const roleOf = ({ role, customRole }: Member): string => customRole?.slug ?? role;

const limitOf = (limit: number, unit = ''): string => (limit === 0 ? 'no limit' : `${limit}${unit && ` ${unit}`}`);

const cidrOf = ({ ipAddress, prefix }: { ipAddress: string; prefix?: number }): string =>
  prefix === undefined ? ipAddress : `${ipAddress}/${prefix}`;
