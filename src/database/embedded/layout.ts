import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Account, accountFor, canEnter } from './account.js';
import { EmbeddedPostgresError, errnoOf } from './embedded-postgres-error.js';

const FALLBACK = '/var/lib/token-auth';

/** Where everything lies; see `startEmbeddedPostgres` for what is in each. */
export interface Layout {
  home: string;
  base: string;
  dataDir: string;
  passwordFile: string;
  logFile: string;
  account: Account | undefined;
}

export interface LayoutOptions {
  checkout: string;
  dataDir?: string;
  log: (line: string) => void;
}

/** Finds and makes the directories; a directory that holds anything of somebody else's is left as it is. */
export function layOut(options: LayoutOptions): Layout {
  const home = openHome(options);
  const account = accountFor(join(home, 'postgres'));
  const base = account ? baseFor(home, account, options) : home;
  const dataDir = join(base, 'postgres');
  return {
    home,
    base,
    dataDir,
    passwordFile: join(home, 'postgres-password'),
    logFile: join(base, 'postgres.log'),
    account: accountFor(dataDir),
  };
}

/** Makes the directory with this mode, whatever the umask; one that is another account's keeps its own. */
function makeDirectory(directory: string, mode: number): void {
  mkdirSync(directory, { recursive: true });
  try {
    chmodSync(directory, mode);
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw error;
  }
}

function openHome({ checkout, dataDir }: LayoutOptions): string {
  const home = dataDir === undefined ? join(checkout, '.data') : resolve(checkout, dataDir);
  if (dataDir !== undefined) refuseForeign(home);
  // PostgreSQL's account must get through to the data; what is secret here has modes of its own.
  makeDirectory(home, process.getuid?.() === 0 ? 0o711 : 0o700);
  return realpathSync(home);
}

/** The first thing that we ever put into a directory is the record of ownership. */
function refuseForeign(home: string): void {
  if (!existsSync(home)) return;
  const entries = readdirSync(home).filter((name) => name !== 'lost+found');
  if (entries.length === 0 || entries.includes('postgres-owner')) return;
  throw new EmbeddedPostgresError(
    `EMBEDDED_DATA_DIR (${home}) holds files that the embedded PostgreSQL did not put there: set it to an empty or a ` +
      'new directory.',
  );
}

/** Home, or the fallback when PostgreSQL's account cannot get to home. */
function baseFor(home: string, account: Account, { checkout, dataDir, log }: LayoutOptions): string {
  const fallback = join(FALLBACK, createHash('sha256').update(realpathSync(checkout)).digest('hex').slice(0, 16));
  const isHomeUsed = dataDir !== undefined || existsSync(join(home, 'postgres'));
  const noted = readNote(join(home, 'location'));
  if (canEnter(account, home)) {
    if (isHomeUsed || noted !== fallback) return home;
  } else if (isHomeUsed) {
    throw new EmbeddedPostgresError(
      `The account "${account.name}", which the embedded PostgreSQL runs under, cannot enter ${home}: let it through ` +
        '(chmod o+x on the directories above), or set EMBEDDED_DATA_DIR to a directory that it can enter.',
    );
  }
  makeDirectory(FALLBACK, 0o711);
  makeDirectory(fallback, 0o711);
  if (noted === fallback) return fallback;
  if (noted !== '') log(`This checkout was elsewhere before; its data of then are in ${noted}`);
  log(`PostgreSQL's account cannot enter this checkout; its data go to ${fallback}`);
  writeFileSync(join(home, 'location'), `${fallback}\n`);
  return fallback;
}

function readNote(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}
