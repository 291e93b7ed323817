import type { CallOptions } from './call-options.js';
import { idOf, ServiceClient } from './service-client.js';
import { aligned, orDash, table } from './table.js';
import { answer, type Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

export interface CreateTokenOptions extends CallOptions {
  name?: string;
  organizationSlug?: string;
  idempotencyKey?: string;
  quiet?: boolean;
}

export interface ListTokensOptions extends CallOptions {
  limit: number;
  offset: number;
}

/** A token's record: what is shown of it. */
interface Token {
  id: string;
  identityId: string;
  name: string | null;
  createdAt: string;
  accessTokenTTL: number;
  accessTokenNumUses: number;
  accessTokenNumUsesLimit: number;
  accessTokenLastUsedAt: string | null;
  accessTokenLastRenewedAt: string | null;
  isAccessTokenRevoked: boolean;
}

interface CreatedToken {
  accessToken: string;
  expiresIn: number;
  tokenData: Token;
}

/** Whatever is said beside the token goes to standard error, so that a script can take standard output as it is. */
export async function createToken(terminal: Terminal, identityId: string, options: CreateTokenOptions): Promise<void> {
  const { name, organizationSlug, idempotencyKey, quiet, json } = options;
  if (idempotencyKey !== undefined && !/^[\x21-\x7e]{1,64}$/.test(idempotencyKey))
    throw new UsageError('An idempotency key is 1 to 64 printable characters without blanks');
  const service = await ServiceClient.of(terminal, options);
  const created = await service.send<CreatedToken>(`auth/token-auth/identities/${idOf(identityId)}/tokens`, {
    method: 'POST',
    body: { name, organizationSlug },
    headers: idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey },
  });
  if (!quiet && !json)
    terminal.err(`Token ${created.tokenData.id}, good for ${created.expiresIn} seconds; shown this once:\n`);
  answer(terminal, options, created, created.accessToken);
}

export async function listTokens(terminal: Terminal, identityId: string, options: ListTokensOptions): Promise<void> {
  const service = await ServiceClient.of(terminal, options);
  const { limit, offset } = options;
  const path = `auth/token-auth/identities/${idOf(identityId)}/tokens`;
  const list = await service.send<{ tokens: Token[] }>(path, { query: { limit, offset } });
  const rows = list.tokens.map((token) => [
    token.id,
    orDash(token.name),
    stateOf(token),
    usesOf(token),
    orDash(token.accessTokenLastUsedAt),
    token.createdAt,
  ]);
  answer(terminal, options, list, table(['ID', 'NAME', 'REVOKED', 'USES', 'LAST USED', 'CREATED'], rows));
}

export async function showToken(terminal: Terminal, id: string, options: CallOptions): Promise<void> {
  const service = await ServiceClient.of(terminal, options);
  const found = await service.send<{ token: Token }>(`auth/token-auth/tokens/${idOf(id)}`);
  const { token } = found;
  const text = aligned([
    ['Id', token.id],
    ['Name', orDash(token.name)],
    ['Identity', token.identityId],
    ['Revoked', stateOf(token)],
    ['Uses', usesOf(token)],
    ['Last used', orDash(token.accessTokenLastUsedAt)],
    ['Last renewed', orDash(token.accessTokenLastRenewedAt)],
    ['Created', token.createdAt],
  ]);
  answer(terminal, options, found, text);
}

export async function revokeToken(terminal: Terminal, id: string, options: CallOptions): Promise<void> {
  const service = await ServiceClient.of(terminal, options);
  const path = `auth/token-auth/tokens/${idOf(id)}/revoke`;
  const revoked = await service.send(path, { method: 'POST' });
  answer(terminal, options, revoked, `The token ${id} is revoked.`);
}

const stateOf = ({ isAccessTokenRevoked }: Token): string => (isAccessTokenRevoked ? 'yes' : 'no');

const usesOf = ({ accessTokenNumUses: uses, accessTokenNumUsesLimit: limit }: Token): string =>
  limit === 0 ? String(uses) : `${uses} of ${limit}`;
