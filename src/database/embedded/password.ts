import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/** The superuser's password as an earlier start has kept it. */
export function readPassword(file: string): string | undefined {
  const password = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  return password === '' ? undefined : password;
}

/** A new random password, kept where only the service's account can read it. */
export function makePassword(file: string): string {
  const password = randomBytes(32).toString('base64url');
  writeFileSync(`${file}.new`, `${password}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return password;
}
