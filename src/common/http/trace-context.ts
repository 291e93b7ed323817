import { JWT_SHAPED } from '../jwt-shaped.js';

const REQUEST_ID = /^[\w.-]{1,64}$/;

/** W3C Trace Context: version, trace id, parent id and flags. Version ff and ids of zeros alone are invalid. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}$/;

type Header = string | string[] | undefined;

/** The caller's own name for its request, if the log may hold it: one short word that could be no token. */
export function callerReqId(header: Header): string | undefined {
  if (typeof header !== 'string' || !REQUEST_ID.test(header)) return undefined;
  return header.search(JWT_SHAPED) === -1 ? header : undefined;
}

/** The trace id in a `traceparent` header; undefined where that is not well-formed. */
export function traceIdOf(header: Header): string | undefined {
  return typeof header === 'string' ? TRACEPARENT.exec(header)?.[1] : undefined;
}
