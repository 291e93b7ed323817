import { type KeyObject, sign } from 'node:crypto';
import { normalizeS } from '../../src/access-token/low-s.js';

type Claims = Record<string, unknown>;

const part = (text: string, index: number): Claims =>
  JSON.parse(Buffer.from(text.split('.')[index] ?? '', 'base64url').toString()) as Claims;

export const headerOf = (token: string): Claims => part(token, 0);
export const decodeJwt = (token: string): Claims => part(token, 1);

/** A JWT with the ES256 signature of the first two parts. S is low, as the service requires. */
export function signParts(content: string, key: KeyObject): string {
  const signature = sign('sha256', Buffer.from(content), { key, dsaEncoding: 'ieee-p1363' });
  return `${content}.${normalizeS(signature).toString('base64url')}`;
}

/** The same JWT with the other S that ECDSA accepts for its signature. */
export function withOtherS(token: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const other = (ORDER - BigInt(`0x${bytes.subarray(32).toString('hex')}`)).toString(16).padStart(64, '0');
  const changed = Buffer.concat([bytes.subarray(0, 32), Buffer.from(other, 'hex')]);
  return `${header}.${payload}.${changed.toString('base64url')}`;
}

/** The order of the curve P-256. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
