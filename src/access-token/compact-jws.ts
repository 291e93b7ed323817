/** Longer texts are no tokens of ours; the claims take some 900 characters. */
const MAX_LENGTH = 4096;
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** The header of a token of ours (RFC 7515 section 4.1, RFC 9068 section 2.1), and the size of its signature. */
export interface JwsHeader {
  alg: string;
  kid: string;
  signatureBytes: number;
}

/**
 * Reads the header of a compact JWS, or gives null for any text that could not be ours: too long, not three parts,
 * not canonical base64url (RFC 4648 section 5: one text for the same bytes), another type, critical extensions.
 */
export function readHeader(text: string): JwsHeader | null {
  if (text.length > MAX_LENGTH || !COMPACT.test(text)) return null;
  const parts = text.split('.');
  if (!parts.every(isCanonical)) return null;
  const header = parseJson(parts[0] ?? '');
  if (typeof header !== 'object' || header === null) return null;
  const { alg, kid, typ, crit, b64 } = header as Record<string, unknown>;
  const isOurs = typ === 'at+jwt' && crit === undefined && b64 === undefined;
  const signatureBytes = Buffer.byteLength(parts[2] ?? '', 'base64url');
  return isOurs && typeof alg === 'string' && typeof kid === 'string' ? { alg, kid, signatureBytes } : null;
}

const isCanonical = (part: string): boolean => Buffer.from(part, 'base64url').toString('base64url') === part;

function parseJson(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    return null;
  }
}
