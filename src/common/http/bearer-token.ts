import type { IncomingHttpHeaders } from 'node:http';

/** From the start, and with one way to match: a header of 16 kB is read once. */
const BEARER = /^Bearer +(\S.*)$/i;

/**
 * All that stands behind `Bearer` in the Authorization header (RFC 6750, section 2.1); null without the header and with
 * another scheme. Whether it is a token is for its proof to say.
 */
export const bearerTokenOf = ({ authorization = '' }: IncomingHttpHeaders): string | null =>
  BEARER.exec(authorization)?.[1] ?? null;
