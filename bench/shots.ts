import { randomBytes } from 'node:crypto';
import { decodeJwt } from 'jose';
import { CONNECTIONS, type Shot } from './load.js';
import type { MadeToken } from './token-maker.js';
import type { Caller } from './world.js';

const JSON_TYPE = { 'content-type': 'application/json' };

const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` });

/** Whether a body has all of these in it. */
const says =
  (...parts: string[]) =>
  (body: string): boolean =>
    parts.every((part) => body.includes(part));

const introspection = ({ token }: Caller, { text }: MadeToken) => ({
  method: 'POST' as const,
  path: '/oauth2/introspect',
  headers: { ...bearer(token), ...JSON_TYPE },
  body: JSON.stringify({ token: text }),
});

/** Requests as the scenarios send them, each with what its own answer must say. */
export const shotOf = {
  introspect: (caller: Caller, token: MadeToken): Shot => ({
    ...introspection(caller, token),
    isRight: says('"active":true', `"jti":"${token.id}"`),
  }),
  introspectDead: (caller: Caller, token: MadeToken): Shot => ({
    ...introspection(caller, token),
    isRight: (body) => body === '{"active":false}',
  }),
  mint: ({ token }: Caller, identityId: string): Shot => ({
    method: 'POST',
    path: `/api/v1/auth/token-auth/identities/${identityId}/tokens`,
    headers: { ...bearer(token), ...JSON_TYPE },
    body: '{"name":"bench"}',
    isRight: says('"accessToken":"eyJ', '"tokenData":{', `"identityId":"${identityId}"`),
  }),
  read: ({ token }: Caller, tokenId: string, identityId: string): Shot => ({
    method: 'GET',
    path: `/api/v1/auth/token-auth/tokens/${tokenId}`,
    headers: bearer(token),
    isRight: says('"isAccessTokenRevoked":false', `"id":"${tokenId}"`, `"identityId":"${identityId}"`),
  }),
  list: ({ token }: Caller, identityId: string): Shot => ({
    method: 'GET',
    path: `/api/v1/auth/token-auth/identities/${identityId}/tokens`,
    headers: bearer(token),
    isRight: says('"tokens":[{', `"identityId":"${identityId}"`),
  }),
  rename: ({ token }: Caller, tokenId: string, name: string): Shot => ({
    method: 'PATCH',
    path: `/api/v1/auth/token-auth/tokens/${tokenId}`,
    headers: { ...bearer(token), ...JSON_TYPE },
    body: JSON.stringify({ name }),
    isRight: says(`"id":"${tokenId}"`, `"name":"${name}"`),
  }),
  renew: ({ id, text: accessToken }: MadeToken): Shot => ({
    method: 'POST',
    path: '/api/v1/auth/token/renew',
    headers: JSON_TYPE,
    body: JSON.stringify({ accessToken }),
    isRight: (body) => decodeJwt((JSON.parse(body) as { accessToken: string }).accessToken).jti === id,
  }),
  revoke: ({ token }: Caller, tokenId: string): Shot => ({
    method: 'POST',
    path: `/api/v1/auth/token-auth/tokens/${tokenId}/revoke`,
    headers: bearer(token),
    isRight: says('"message":'),
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
