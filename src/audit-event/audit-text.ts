import { JWT_SHAPED } from '../common/jwt-shaped.js';

const MAX_LENGTH = 256;

/** Text of a caller as the audit log may keep it: one line, cut, and without anything that could be a token. */
export function auditText(text: string | null): string | null {
  if (text === null) return null;
  return text
    .slice(0, MAX_LENGTH * 4)
    .replaceAll(JWT_SHAPED, '[removed]')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, MAX_LENGTH);
}
