import { randomBytes } from 'node:crypto';
import { CONNECTIONS, type Shot } from './load.js';
import type { MadeToken } from './token-maker.js';
import type { Caller } from './world.js';

const JSON_TYPE = { 'content-type': 'application/json' };

const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` });

/** Requests as the scenarios send them. */
export const shotOf = {
  introspect: ({ token: callers }: Caller, token: string): Shot => ({
    method: 'POST',
    path: '/oauth2/introspect',
    headers: { ...bearer(callers), ...JSON_TYPE },
    body: JSON.stringify({ token }),
  }),
  mint: ({ token }: Caller, identityId: string): Shot => ({
    method: 'POST',
    path: `/api/v1/auth/token-auth/identities/${identityId}/tokens`,
    headers: { ...bearer(token), ...JSON_TYPE },
    body: '{"name":"bench"}',
  }),
  read: ({ token }: Caller, tokenId: string): Shot => ({
    method: 'GET',
    path: `/api/v1/auth/token-auth/tokens/${tokenId}`,
    headers: bearer(token),
  }),
  list: ({ token }: Caller, identityId: string): Shot => ({
    method: 'GET',
    path: `/api/v1/auth/token-auth/identities/${identityId}/tokens`,
    headers: bearer(token),
  }),
  rename: ({ token }: Caller, tokenId: string, name: string): Shot => ({
    method: 'PATCH',
    path: `/api/v1/auth/token-auth/tokens/${tokenId}`,
    headers: { ...bearer(token), ...JSON_TYPE },
    body: JSON.stringify({ name }),
  }),
  renew: (accessToken: string): Shot => ({
    method: 'POST',
    path: '/api/v1/auth/token/renew',
    headers: JSON_TYPE,
    body: JSON.stringify({ accessToken }),
  }),
  revoke: ({ token }: Caller, tokenId: string): Shot => ({
    method: 'POST',
    path: `/api/v1/auth/token-auth/tokens/${tokenId}/revoke`,
    headers: bearer(token),
  }),
};

/** One connection's share: each connection has things of its own, and together they have all. */
export const shareOf = <T>(things: readonly T[], connection: number, connections = CONNECTIONS): T[] => {
  const share = things.filter((_, index) => index % connections === connection);
  return share.length > 0 ? share : things.slice(0, 1);
};

/** A text that differs from a good one in its signature alone. */
export const forgeryOf = ({ id, text }: MadeToken): MadeToken => ({
  id,
  text: `${text.slice(0, text.lastIndexOf('.'))}.${randomBytes(64).toString('base64url')}`,
});
