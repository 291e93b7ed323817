import { realpathSync } from 'node:fs';
import { type Binaries, findPackage, prepareBinaries } from './binaries.js';
import { ensureDatabase } from './connection.js';
import { openData } from './data-directory.js';
import { adviceFor, EmbeddedPostgresError } from './embedded-postgres-error.js';
import { type Layout, layOut } from './layout.js';
import { Ownership } from './ownership.js';
import { runServer } from './running-server.js';

export { EmbeddedPostgresError };

export interface EmbeddedPostgresOptions {
  /** The project's root, where `node_modules` is and `.data` goes. */
  checkout: string;
  /** Used in place of `<checkout>/.data`; must be new, empty, or of an earlier start. */
  dataDir?: string;
  /** Settings of PostgreSQL beyond its defaults, such as `{ fsync: 'off' }`. */
  settings?: Record<string, string>;
  /** Made if it is not there. */
  database?: string;
  log: (line: string) => void;
}

export interface EmbeddedPostgres {
  /** With the password: not for the log. */
  url: string;
  /** PostgreSQL's own directory. */
  dataDir: string;
  /** Whether this start has made the database. */
  isNew: boolean;
  /** Where the service may keep secrets that belong to these data, in files of mode 0600. */
  secretsDir: string;
  /** Ends the server and lets another process have the data. May be called again. */
  stop: () => Promise<void>;
}

/**
 * Runs a real PostgreSQL for this process alone, with data that outlive it; fails with an `EmbeddedPostgresError`.
 *
 * In home, which is the option `dataDir` or else `<checkout>/.data`:
 * - `postgres-password`: the superuser's, mode 0600; and whatever the service keeps in `secretsDir`, which is home;
 * - `location`: where base is, if that is another place.
 *
 * In base, which is home, or `/var/lib/token-auth/<hash of the checkout's path>` where the service is root and the
 * account that PostgreSQL runs under cannot enter the checkout:
 * - `postgres`: the data; `postgres.new-*` while they are made;
 * - `postgres-owner`: which process uses them;
 * - `postgres.log`, and `postgres.log.1` before it;
 * - `postgres-binaries-<version>`: a copy of the programs, where they cannot be run in `node_modules`.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    const checkout = realpathSync(options.checkout);
    const source = findPackage(checkout);
    const layout = layOut({ ...options, checkout });
    const ownership = Ownership.take(layout.base);
    try {
      const binaries = await prepareBinaries(source, layout.base, layout.account);
      return await open(layout, binaries, ownership, options);
    } catch (error) {
      ownership.release();
      throw error;
    }
  } catch (error) {
    throw adviceFor(error);
  }
}

/** The part that needs the ownership. On failure no server is left running. */
async function open(
  layout: Layout,
  binaries: Binaries,
  ownership: Ownership,
  { database = 'token_auth', settings = {}, log }: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const password = await openData(layout, binaries, settings['fsync'] !== 'off', log);
  const urlOf = (port: number, name: string): string =>
    `postgres://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(name)}?sslmode=disable`;
  const server = await runServer(layout, binaries.postgres, settings, (port) => urlOf(port, 'postgres'));
  const close = async (): Promise<void> => {
    await server.stop();
    ownership.release();
  };
  try {
    const isNew = await ensureDatabase(urlOf(server.port, 'postgres'), database);
    log(`The embedded PostgreSQL ${binaries.major} is running; its data are in ${layout.dataDir}`);
    let closing: Promise<void> | undefined;
    const stop = async (): Promise<void> => (closing ??= close());
    return { url: urlOf(server.port, database), dataDir: layout.dataDir, isNew, secretsDir: layout.home, stop };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
