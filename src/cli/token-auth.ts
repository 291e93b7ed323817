import { formatTrustedIp } from '../common/http/trusted-ip.js';
import type { CallOptions } from './call-options.js';
import { idOf, ServiceClient } from './service-client.js';
import { aligned } from './table.js';
import { answer, type Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

/** What bounds the tokens of an identity, as the command line says it. */
export interface LimitOptions {
  ttl?: number;
  maxTtl?: number;
  uses?: number;
  trustedIp?: string[];
}

export interface TokenAuthOptions extends CallOptions, LimitOptions {}

/** Token Auth of an identity: what is shown of it. */
interface TokenAuthConfig {
  accessTokenTTL: number;
  accessTokenMaxTTL: number;
  accessTokenNumUsesLimit: number;
  accessTokenTrustedIps: { ipAddress: string; prefix?: number }[];
}

interface TokenAuthAnswer {
  identityTokenAuth: TokenAuthConfig;
}

export async function attachTokenAuth(terminal: Terminal, id: string, options: TokenAuthOptions): Promise<void> {
  const service = await ServiceClient.of(terminal, options);
  const attached = await service.send(pathOf(id), { method: 'POST', body: limitsOf(options) });
  answer(terminal, options, attached, `Token Auth is attached to the identity ${id}.`);
}

export async function showTokenAuth(terminal: Terminal, id: string, options: CallOptions): Promise<void> {
  const service = await ServiceClient.of(terminal, options);
  const found = await service.send<TokenAuthAnswer>(pathOf(id));
  answer(terminal, options, found, aligned(configPairs(found.identityTokenAuth)));
}

export async function updateTokenAuth(terminal: Terminal, id: string, options: TokenAuthOptions): Promise<void> {
  const body = limitsOf(options);
  if (Object.keys(body).length === 0)
    throw new UsageError('Nothing is to be changed: say --ttl, --max-ttl, --uses or --trusted-ip');
  const service = await ServiceClient.of(terminal, options);
  const changed = await service.send(pathOf(id), { method: 'PATCH', body });
  answer(terminal, options, changed, `Token Auth of the identity ${id} is changed.`);
}

export async function detachTokenAuth(terminal: Terminal, id: string, options: CallOptions): Promise<void> {
  const service = await ServiceClient.of(terminal, options);
  const detached = await service.send(pathOf(id), { method: 'DELETE' });
  answer(terminal, options, detached, `Token Auth is detached from the identity ${id}, and its tokens are dead.`);
}

/** As the commands of identities need it, which know of both. */
export async function tokenAuthOf(service: ServiceClient, id: string): Promise<TokenAuthConfig> {
  return (await service.send<TokenAuthAnswer>(pathOf(id))).identityTokenAuth;
}

export async function attachTo(service: ServiceClient, id: string, limits: object): Promise<object> {
  return (await service.send<TokenAuthAnswer>(pathOf(id), { method: 'POST', body: limits })).identityTokenAuth;
}

/** Those that were said, as the service takes them. */
export const limitsOf = ({ ttl, maxTtl, uses, trustedIp }: LimitOptions): object =>
  Object.fromEntries(
    Object.entries({
      accessTokenTTL: ttl,
      accessTokenMaxTTL: maxTtl,
      accessTokenNumUsesLimit: uses,
      accessTokenTrustedIps: trustedIp?.map((ipAddress) => ({ ipAddress })),
    }).filter(([, value]) => value !== undefined),
  );

/** Names and what they stand for, for people. */
export const configPairs = (config: TokenAuthConfig | null): [string, string][] =>
  config === null
    ? [['Token Auth', 'not attached']]
    : [
        ['Token Auth', 'attached'],
        ['TTL', limitOf(config.accessTokenTTL, 's')],
        ['Max TTL', limitOf(config.accessTokenMaxTTL, 's')],
        ['Uses', limitOf(config.accessTokenNumUsesLimit)],
        ['From', config.accessTokenTrustedIps.map(formatTrustedIp).join(', ')],
      ];

const pathOf = (id: string): string => `auth/token-auth/identities/${idOf(id)}`;

const limitOf = (limit: number, unit = ''): string => (limit === 0 ? 'no limit' : `${limit}${unit && ` ${unit}`}`);
