import type { Logger } from 'pino';
import type { AppConfig } from '../config/app-config.js';
import { areSameDatabase } from '../database/same-database.js';
import { DatabaseUnusableError } from '../database/wait-for-database.js';

/** The variables besides DATABASE_URL that lead to the service's database. */
export type UrlVariable = 'DATABASE_DIRECT_URL' | 'RETENTION_DATABASE_URL';

/**
 * Throws unless all configured URLs lead to one database. To be called before anything is written, migrations
 * included. A retention URL that cannot be reached is no error here: each deletion by way of it repeats the check.
 */
export async function assertOneDatabase(config: AppConfig, databaseUrl: string, log: Logger): Promise<void> {
  await assertLeadsThere(config, 'DATABASE_DIRECT_URL', databaseUrl);
  try {
    await assertLeadsThere(config, 'RETENTION_DATABASE_URL', databaseUrl);
  } catch (error) {
    if (error instanceof DatabaseUnusableError) throw error;
    log.warn(
      `Cannot connect to RETENTION_DATABASE_URL (${reasonOf(error)}); nothing is deleted by way of it meanwhile`,
    );
  }
}

async function assertLeadsThere(config: AppConfig, variable: UrlVariable, databaseUrl: string): Promise<void> {
  const url = config[variable];
  if (url === undefined || url === databaseUrl) return;
  if (await areSameDatabase(databaseUrl, url)) return;
  throw new DatabaseUnusableError(
    `${differenceOf(config, variable)}. Set both to the same database; nothing was changed in either`,
  );
}

/** Names the two variables. It shows no URL, because that has a password. */
export const differenceOf = ({ DATABASE_URL }: Pick<AppConfig, 'DATABASE_URL'>, variable: UrlVariable): string =>
  `${variable} leads to another database than ${DATABASE_URL === undefined ? 'the embedded one' : 'DATABASE_URL'}`;

const reasonOf = (error: unknown): string => (error as { code?: string }).code ?? (error as Error).name;
