import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import type { WireError } from '../errors/framework-errors.js';

/** Maximum number of header fields of one request. Common reverse proxies forward 100 to 1,000. */
export const MAX_HEADER_FIELDS = 1000;

/**
 * Header fields that the service reads and that must occur at most once. Node.js keeps the first line of some of them
 * and joins the lines of others, so a proxy may have read another value.
 */
const SINGLETON_FIELDS = [
  'authorization',
  'content-length',
  'content-type',
  'expect',
  'host',
  'idempotency-key',
  'last-event-id',
  'transfer-encoding',
] as const;

type SingletonField = (typeof SINGLETON_FIELDS)[number];

interface Candidate {
  name: SingletonField;
  /** One bit per field. */
  flag: number;
}

/** Sets the bit that distinguishes lower from upper case in ASCII letters. */
const LOWER_CASE_BIT = 0x20;

/** No two singleton fields share length and first letter, so that both select the only field that a name can be. */
const keyOf = (name: string): number => (name.length << 8) | name.charCodeAt(0) | LOWER_CASE_BIT;

const CANDIDATES = new Map<number, Candidate>(
  SINGLETON_FIELDS.map((name, index) => [keyOf(name), { name, flag: 1 << index }]),
);

/** RFC 3986, section 3.2, without user information. A comma is excluded because it joins the lines of a repeated field. */
const AUTHORITY = /^(?:\[([\da-f:.]+)\]|(?:[\w.~!$&'()*+;=-]|%[\da-f]{2})+)(?::\d*)?$/i;

/** The authority of an absolute request target (RFC 9112, section 3.2.2). */
const ABSOLUTE_TARGET = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)/i;

const TOO_MANY_FIELDS: WireError = {
  error: 'HeaderFieldsTooLarge',
  message: `The request has more than ${MAX_HEADER_FIELDS} header fields`,
};
const BAD_VERSION = badRequest('The HTTP version is not supported; send HTTP/1.1');
const NO_HOST = badRequest('The header field host is required');
const BAD_HOST = badRequest('The header field host is not valid');
const BAD_TARGET = badRequest('The host in the request target is not valid');
const BAD_TRANSFER_ENCODING = badRequest('The transfer coding is not supported; send chunked');
const BAD_EXPECTATION: WireError = {
  error: 'ExpectationFailed',
  message: 'The expectation is not supported; send 100-continue',
};

/** Node.js may have dropped fields of such a request, so it must be rejected and nothing in its header holds. */
export const hasTooManyFields = ({ rawHeaders }: IncomingMessage): boolean => rawHeaders.length > 2 * MAX_HEADER_FIELDS;

/**
 * Returns the error for a request line and header that Node.js accepts and the service rejects: too many fields,
 * repeated fields, and what RFC 9110 and RFC 9112 forbid of Host, Transfer-Encoding and Expect. Returns null for a
 * valid request. It runs on every request before any other code reads a header field.
 */
export function requestHeadError(request: IncomingMessage): WireError | null {
  const { rawHeaders, httpVersionMajor, httpVersionMinor } = request;
  if (hasTooManyFields(request)) return TOO_MANY_FIELDS;
  const repeated = repeatedField(rawHeaders);
  if (repeated) return badRequest(`The header field ${repeated} must occur at most once`);
  if (httpVersionMajor !== 1) return BAD_VERSION;
  return httpVersionMinor === 0 ? http10Error(request) : http11Error(request);
}

/** HTTP/1.0 does not require Host, has no Transfer-Encoding (RFC 9112, section 6.1) and ignores Expect. */
function http10Error({ url, headers }: IncomingMessage): WireError | null {
  if (headers.host !== undefined && !isAuthority(headers.host)) return BAD_HOST;
  if (headers['transfer-encoding'] !== undefined) return BAD_TRANSFER_ENCODING;
  return hasValidTarget(url) ? null : BAD_TARGET;
}

function http11Error({ url, headers }: IncomingMessage): WireError | null {
  const { host, expect, 'transfer-encoding': transferEncoding } = headers;
  if (host === undefined) return NO_HOST;
  if (!isAuthority(host)) return BAD_HOST;
  if (!hasValidTarget(url)) return BAD_TARGET;
  if (transferEncoding !== undefined && transferEncoding.toLowerCase() !== 'chunked') return BAD_TRANSFER_ENCODING;
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') return BAD_EXPECTATION;
  return null;
}

/** Paths are valid. The host of an absolute target replaces Host (RFC 9112, section 3.2.2), so the same rules apply. */
function hasValidTarget(url = ''): boolean {
  if (url.startsWith('/')) return true;
  const authority = ABSOLUTE_TARGET.exec(url)?.[1];
  return authority === undefined || isAuthority(authority);
}

function repeatedField(rawHeaders: readonly string[]): SingletonField | null {
  let seen = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const field = rawHeaders[index] ?? '';
    const candidate = CANDIDATES.get(keyOf(field));
    if (candidate === undefined || field.toLowerCase() !== candidate.name) continue;
    if ((seen & candidate.flag) !== 0) return candidate.name;
    seen |= candidate.flag;
  }
  return null;
}

function isAuthority(text: string): boolean {
  const match = AUTHORITY.exec(text);
  return match !== null && (match[1] === undefined || isIPv6(match[1]));
}

function badRequest(message: string): WireError {
  return { error: 'BadRequest', message };
}
