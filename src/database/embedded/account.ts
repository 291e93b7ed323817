import { spawnSync, type SpawnOptions } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';

/** The account that PostgreSQL runs under when the service is root, which PostgreSQL refuses to be. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

const CANDIDATES = ['postgres', '_postgres', 'nobody'];

/** The account to run PostgreSQL under; nothing where it runs under the service's own. */
export function accountFor(dataDir: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return ownerOf(dataDir) ?? listedAccount();
}

/** How children are spawned: as the account, in a directory that it can enter, and with nothing of our environment. */
export function childOptions(account: Account | undefined): Pick<SpawnOptions, 'cwd' | 'env' | 'uid' | 'gid'> {
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
  return { cwd: '/', env, ...(account && { uid: account.uid, gid: account.gid }) };
}

/** Whether the account can enter the directory. It is tried, since the mode bits alone do not tell. */
export function canEnter(account: Account, directory: string): boolean {
  const { status, error } = spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', directory], {
    ...childOptions(account),
    stdio: 'ignore',
  });
  if (!error) return status === 0;
  throw new EmbeddedPostgresError(
    `The embedded PostgreSQL does not run as root, and this process may not switch to the account "${account.name}": ` +
      'run the service under another account, or set DATABASE_URL to a PostgreSQL of yours.',
    { cause: error },
  );
}

/** Throws unless the service's account is a listed one: `initdb` looks its name up. */
export function requireListedAccount(): void {
  try {
    userInfo();
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL cannot be set up by user id ${process.getuid?.()}, which has no entry in /etc/passwd: ` +
        'run the service under a listed account, or set DATABASE_URL to a PostgreSQL of yours.',
      { cause: error },
    );
  }
}

/** PostgreSQL wants to be the owner of its data, whichever account was the choice when they were made. */
function ownerOf(dataDir: string): Account | undefined {
  if (!existsSync(join(dataDir, 'PG_VERSION'))) return undefined;
  const { uid, gid } = statSync(dataDir);
  return uid === 0 ? undefined : { name: `uid ${uid}`, uid, gid };
}

function listedAccount(): Account {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of CANDIDATES) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (Number(uid) > 0 && Number(gid) > 0) return { name, uid: Number(uid), gid: Number(gid) };
  }
  throw new EmbeddedPostgresError(
    'The embedded PostgreSQL does not run as root, and there is no account "postgres" or "nobody" to run it under: ' +
      'run the service under another account, or set DATABASE_URL to a PostgreSQL of yours.',
  );
}
