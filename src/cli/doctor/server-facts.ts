import type { ClientBase } from 'pg';

/** What a database server tells of itself. */
export interface ServerFacts {
  /** As in 140005. */
  versionNumber: number;
  version: string;
  isStandby: boolean;
  fsync: string;
  fullPageWrites: string;
  synchronousCommit: string;
  synchronousStandbyNames: string;
  /** How many standbys follow it. */
  standbys: number;
  maxConnections: number;
  /** Milliseconds that the clock of this host is ahead of the database's; what the question's way may have added is allowed for. */
  clockAheadMs: number;
}

const FACTS = `
  SELECT current_setting('server_version_num')::int AS "versionNumber", current_setting('server_version') AS version,
    pg_is_in_recovery() AS "isStandby", current_setting('fsync') AS fsync,
    current_setting('full_page_writes') AS "fullPageWrites",
    current_setting('synchronous_commit') AS "synchronousCommit",
    current_setting('synchronous_standby_names') AS "synchronousStandbyNames",
    (SELECT count(*)::int FROM pg_stat_replication) AS standbys,
    current_setting('max_connections')::int AS "maxConnections", clock_timestamp() AS now`;

export async function readServerFacts(client: ClientBase): Promise<ServerFacts> {
  const before = Date.now();
  const { rows } = await client.query<Omit<ServerFacts, 'clockAheadMs'> & { now: Date }>(FACTS);
  const after = Date.now();
  const [row] = rows;
  if (!row) throw new Error('The server told nothing');
  const { now, ...facts } = row;
  return { ...facts, clockAheadMs: distance(before, now.getTime(), after) };
}

/** How far `asked` to `answered` lies ahead of `told`; nothing where `told` is between them. */
export function distance(asked: number, told: number, answered: number): number {
  if (told < asked) return asked - told;
  return told > answered ? answered - told : 0;
}
