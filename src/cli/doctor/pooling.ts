import type pg from 'pg';
import { fault, type Finding, ok } from './finding.js';

/** More than one may be asked before a pooler gives one server connection to two of its clients. */
const PROBES = 4;

/** What a connection turned out to be like. */
export interface PoolingFacts {
  /** Something between here and the server answers in its place. */
  isPooled: boolean;
  /** Two connections that are open at once were given one of the server's: it changes with each transaction. */
  isShared: boolean;
  /** Transactions of more than one statement are refused. */
  isByStatement: boolean;
  /** Whether a named statement is still known when the server's connection has changed; null where it never changes. */
  keepsPrepared: boolean | null;
  /** Settings that were asked for when connecting, and are not so. */
  lostSettings: string[];
}

type Connect = () => Promise<pg.Client>;

/** Finds out what stands between, by looking at what it does. */
export async function probePooling(connect: Connect, asked: Readonly<Record<string, string>>): Promise<PoolingFacts> {
  const first = await connect();
  const others: pg.Client[] = [];
  try {
    const lostSettings = await lostOf(first, asked);
    const own = await pidOf(first);
    // The server tells this number when a connection is made; a pooler tells one of its own.
    const isPooled = own !== (first as pg.Client & { processID: number }).processID;
    const facts = { isPooled, isShared: false, isByStatement: false, keepsPrepared: null, lostSettings };
    if (!isPooled) return facts;
    await first.query({ name: 'doctor', text: 'SELECT 1' });
    while (others.length < PROBES) {
      const other = await connect();
      others.push(other);
      if (!(await begins(other))) return { ...facts, isByStatement: true, isShared: true };
      // It holds what it was given until its transaction ends.
      if ((await pidOf(other)) === own)
        return { ...facts, isShared: true, keepsPrepared: await knows(first, 'doctor') };
    }
    return facts;
  } finally {
    await Promise.all([first, ...others].map((client) => client.end().catch(() => undefined)));
  }
}

async function lostOf(client: pg.Client, asked: Readonly<Record<string, string>>): Promise<string[]> {
  const names = Object.keys(asked);
  const { rows } = await client.query<{ name: string; value: string }>(
    'SELECT name, setting AS value FROM pg_settings WHERE name = ANY ($1)',
    [names],
  );
  const found = new Map(rows.map(({ name, value }) => [name, value]));
  return names.filter((name) => found.get(name) !== asked[name]);
}

async function pidOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid ?? 0;
}

async function begins(client: pg.Client): Promise<boolean> {
  try {
    await client.query('BEGIN');
    return true;
  } catch {
    return false;
  }
}

async function knows(client: pg.Client, name: string): Promise<boolean> {
  try {
    await client.query({ name, text: 'SELECT 1' });
    return true;
  } catch {
    return false;
  }
}

/** What those facts mean for the service. `hasDirectUrl`: what needs a session goes another way. */
export function poolingFindings(facts: PoolingFacts, hasDirectUrl: boolean): Finding[] {
  return [modeFinding(facts, hasDirectUrl), ...preparedFinding(facts), settingsFinding(facts)];
}

function modeFinding({ isPooled, isShared, isByStatement }: PoolingFacts, hasDirectUrl: boolean): Finding {
  const check = 'pooling';
  if (!isPooled) return ok(check, 'none: DATABASE_URL leads to the server itself');
  if (isByStatement)
    return fault(
      check,
      'a pooler in statement mode, which knows no transactions',
      'Set pool_mode = transaction, or session',
    );
  if (!isShared) return ok(check, 'a pooler that seems to be in session mode');
  const message = 'a pooler in transaction mode, which keeps neither session locks nor LISTEN';
  if (hasDirectUrl) return ok(check, `${message}; DATABASE_DIRECT_URL is for what needs them`);
  return fault(check, message, 'Set DATABASE_DIRECT_URL to the address of the server itself');
}

function preparedFinding({ keepsPrepared }: PoolingFacts): Finding[] {
  if (keepsPrepared === null) return [];
  const remedy = 'Set max_prepared_statements of PgBouncer (1.21 or later) above 0';
  return [
    keepsPrepared
      ? ok('prepared statements', 'are kept across transactions')
      : fault('prepared statements', 'are lost when the pooler changes the connection', remedy),
  ];
}

function settingsFinding({ lostSettings, isPooled }: PoolingFacts): Finding {
  const check = 'session settings';
  if (lostSettings.length === 0) return ok(check, 'timeouts and plans are as the service asks for them');
  const remedy = isPooled
    ? 'Do not let the pooler ignore them, or set them for the role: ALTER ROLE … SET …'
    : 'Find out what overrides them';
  return fault(check, `lost on the way: ${lostSettings.join(', ')}`, remedy);
}
