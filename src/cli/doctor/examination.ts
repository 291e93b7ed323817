import pg from 'pg';
import { DataSource } from 'typeorm';
import { scheduleOf } from '../../access-token/signing-key/key-schedule.js';
import type { AppConfig } from '../../config/app-config.js';
import type { Backing } from '../../config/backing.js';
import { CONNECTION, dataSourceOptions, SESSION_SETTINGS } from '../../database/data-source-options.js';
import { APPEND_ONLY } from '../../database/grants.js';
import { schemaState } from '../../database/migrate.js';
import { areSameDatabase } from '../../database/same-database.js';
import { SigningKey } from '../../database/entities/signing-key.entity.js';
import { mayRemove } from '../../retention/retention-database.js';
import { fault, type Finding, ok } from './finding.js';
import { keyChecks } from './key-checks.js';
import { poolingFindings, probePooling } from './pooling.js';
import {
  databaseFinding,
  restoreCheck,
  retentionFinding,
  rightsChecks,
  SAME_DATABASE,
  schemaFinding,
  triggerCheck,
} from './schema-checks.js';
import { serverChecks } from './server-checks.js';
import { readServerFacts } from './server-facts.js';

/** Looks at a database and what lies in it. What can't be looked at is a finding too, and ends what rests on it. */
export async function examine(config: AppConfig, backing: Backing): Promise<Finding[]> {
  const connect = (): Promise<pg.Client> => open(backing.databaseUrl);
  const findings: Finding[] = [];
  try {
    findings.push(...(await examineServer(connect, config)));
    if (findings.some(({ check, level }) => check === 'server' && level === 'fault')) return findings;
    findings.push(
      ...poolingFindings(await probePooling(connect, SESSION_SETTINGS), config.DATABASE_DIRECT_URL !== undefined),
    );
  } catch (error) {
    return [...findings, unreachable('database', error)];
  }
  const direct = await examineDirect(config, backing);
  findings.push(...direct);
  // The schema is read by way of that URL, and would be another installation's.
  if (direct.some(({ check, level }) => check === SAME_DATABASE && level === 'fault')) return findings;
  return [...findings, ...(await examineContents(config, backing))];
}

async function examineServer(connect: () => Promise<pg.Client>, config: AppConfig): Promise<Finding[]> {
  const client = await connect();
  try {
    return serverChecks(await readServerFacts(client), config);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The way past a pooler, where one is set up. */
async function examineDirect(config: AppConfig, { databaseUrl }: Backing): Promise<Finding[]> {
  const { DATABASE_DIRECT_URL: url } = config;
  if (url === undefined) return [];
  const check = 'direct connection';
  try {
    const { isPooled } = await probePooling(() => open(url), {});
    const found = isPooled
      ? fault(check, 'DATABASE_DIRECT_URL leads to a pooler', 'Set it to the address of the server itself')
      : ok(check, 'DATABASE_DIRECT_URL leads to the server itself');
    return [found, databaseFinding(config, 'DATABASE_DIRECT_URL', await areSameDatabase(databaseUrl, url))];
  } catch (error) {
    return [unreachable(check, error)];
  }
}

async function examineContents(config: AppConfig, { databaseUrl, keyEncryptionKeys }: Backing): Promise<Finding[]> {
  const db = new DataSource(dataSourceOptions({ url: databaseUrl, poolSize: 2, hasTimeouts: true }));
  const findings: Finding[] = [];
  try {
    await db.initialize();
    const state = await schemaState(config.DATABASE_DIRECT_URL ?? databaseUrl);
    const schema = schemaFinding(state, config.migrateOnStart);
    findings.push(schema);
    if (schema.level !== 'ok') return findings;
    findings.push(await restoreCheck(db), await triggerCheck(db), ...(await rightsChecks(db)));
    findings.push(...(await examineRetention(db, config, databaseUrl)));
    const keys = await db.manager.find(SigningKey, { order: { createdAt: 'ASC', kid: 'ASC' } });
    const [clock]: { now: Date }[] = await db.query('SELECT clock_timestamp() AS now');
    return [...findings, ...keyChecks(keys, keyEncryptionKeys, clock?.now ?? new Date(), scheduleOf(config))];
  } catch (error) {
    return [...findings, unreachable('tables', error)];
  } finally {
    if (db.isInitialized) await db.destroy();
  }
}

async function examineRetention(service: DataSource, config: AppConfig, databaseUrl: string): Promise<Finding[]> {
  const { RETENTION_DATABASE_URL: url } = config;
  if (url === undefined) return [await retentionOf(service, false)];
  const options = dataSourceOptions({ url, poolSize: 1, hasTimeouts: true });
  const db = new DataSource({ ...options, entities: [], migrations: [] });
  try {
    const isSame = await areSameDatabase(databaseUrl, url);
    const found = databaseFinding(config, 'RETENTION_DATABASE_URL', isSame);
    return isSame ? [found, await retentionOf(await db.initialize(), true)] : [found];
  } catch (error) {
    return [unreachable('retention', error)];
  } finally {
    if (db.isInitialized) await db.destroy();
  }
}

async function retentionOf(db: DataSource, hasUrl: boolean): Promise<Finding> {
  const rights: { table: string; may: boolean }[] = [];
  for (const table of APPEND_ONLY) rights.push({ table, may: await mayRemove(db, table) });
  return retentionFinding(rights, hasUrl);
}

async function open(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'token-auth doctor', ...CONNECTION });
  // One that breaks also fails what is asked of it.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** PgBouncer names the parameter that it will not pass on; what else the driver says may hold an address, no password. */
function unreachable(check: string, error: unknown): Finding {
  const { code, message } = error as { code?: string; message?: string };
  if (/unsupported startup parameter/.test(message ?? ''))
    return fault(
      check,
      `the pooler refused the connection: ${message}`,
      'Set its ignore_startup_parameters, and the settings for the role: ALTER ROLE … SET …',
    );
  return fault(
    check,
    `it could not be asked: ${message || code}`,
    'Check the address, the password, the rights of the role, and that the server runs',
  );
}
