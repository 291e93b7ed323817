import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { AppConfig } from '../config/app-config.js';
import { Backing } from '../config/backing.js';
import { parseKeyEncryptionKey } from '../config/key-encryption-keys.js';
import { waitForDatabase } from '../database/wait-for-database.js';

/** The top of the checkout or the image, seen from `dist/src/cli`. */
export const PROJECT_ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What the service rests on, opened, and how to close it. */
export interface OpenBacking {
  backing: Backing;
  /** Where the service keeps secrets that it makes; there may be no such directory yet. */
  secretsDir: string;
  close: () => Promise<void>;
}

/** Finds or starts the database, waits for it, and reads the keys that open the signing keys. */
export async function openBacking(config: AppConfig, log: Logger): Promise<OpenBacking> {
  const given = keysOf(config.KEY_ENCRYPTION_KEYS);
  if (config.DATABASE_URL !== undefined) {
    await waitForDatabase(config.DATABASE_URL, config.DATABASE_CONNECT_TIMEOUT, log);
    return {
      backing: new Backing(config.DATABASE_URL, given),
      secretsDir: join(PROJECT_ROOT, '.data'),
      close: async () => undefined,
    };
  }
  const { startEmbeddedPostgres } = await import('../database/embedded/embedded-postgres.js');
  const postgres = await startEmbeddedPostgres({
    checkout: PROJECT_ROOT,
    dataDir: config.EMBEDDED_DATA_DIR,
    log: (line) => log.info(line),
  });
  try {
    const keys = given.length > 0 ? given : [await ownKey(postgres.secretsDir)];
    return { backing: new Backing(postgres.url, keys), secretsDir: postgres.secretsDir, close: () => postgres.stop() };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

const keysOf = (texts: readonly string[]): Buffer[] => texts.map(parseKeyEncryptionKey).filter((key) => key !== null);

/** The key-encryption key of an embedded instance: made once, kept beside its data, readable by its owner alone. */
async function ownKey(secretsDir: string): Promise<Buffer> {
  const path = join(secretsDir, 'key-encryption-key');
  const stored = await readFile(path, 'utf8').catch(() => null);
  if (stored !== null) {
    const key = parseKeyEncryptionKey(stored.trim());
    if (!key) throw new Error(`${path} holds no key any more; restore it, or set KEY_ENCRYPTION_KEYS`);
    return key;
  }
  const key = randomBytes(32);
  await writeSecret(path, key.toString('base64'));
  return key;
}

/** Writes a file that its owner alone can read; it is there whole, or not at all. */
export async function writeSecret(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${text}\n`, { mode: 0o600, flush: true });
  await rename(draft, path);
}
