import { StandbyError } from '../common/errors/postgres-errors.js';
import type { RevocationScope } from './scope.js';

/** What one entry of the log does: `revoked`, dead for good; `changed`, drop what you know and ask again. */
export type RevocationEffect = 'revoked' | 'changed';

/** An entry of the revocation log. */
export interface LogEntry {
  sequence: number;
  effect: RevocationEffect;
  scope: RevocationScope;
  key: string;
  /** The organization that it concerns; null: all of them. */
  organizationId: string | null;
  /** The root of that organization, or itself. */
  rootOrganizationId: string | null;
  /** Of an entry about an identity: the organizations in which it has tokens; null: unknown or too many. */
  tokenOrganizationIds: string[] | null;
}

/** An entry as JSON, of a row `r` of the log and its organization `o`. */
export const ENTRY = `json_build_object('sequence', r.sequence, 'effect', r.effect, 'scope', r.scope, 'key', r.key,
  'organizationId', r.organization_id, 'rootOrganizationId', o.root_id,
  'tokenOrganizationIds', r.token_organization_ids)`;

/**
 * Whether an entry `r` of the log still says something. All that was before the last revocation of the whole instance
 * is dead by that alone; and where rows came from another database system, the transactions of their entries would
 * count as yet to come. Whoever changes something holds the instance, so that no such entry is committed later.
 */
const FIRST_THAT_COUNTS = `coalesce((SELECT sequence FROM epoch WHERE scope = 'instance' AND key = '*'), 0)`;
export const COUNTS = `r.sequence >= ${FIRST_THAT_COUNTS}`;

/** An entry by which a replica tells the log again that it has read. */
export interface LogMark {
  sequence: number;
  /** What it says and who wrote it, as a digest. Never changes. */
  digest: string;
  /** ISO 8601. It is there until then at least, unless the whole instance is ended after it. */
  keepUntil: string;
}

/** Which database this is, and how far its log goes. */
export interface DatabasePosition {
  /** The newest entry of the log; null when there is none. */
  head: LogMark | null;
  /** Whether the entry that was asked for ought to be in the log and isn't; false where none was asked for. */
  isMarkLost: boolean;
  /** Changes with a restore that was accepted. */
  incarnation: string;
  /** Changes when another server takes over (the timeline of the write-ahead log); null in recovery. */
  timeline: string | null;
  /** Never changes. */
  installationId: string;
  /** When this replica last read the log, as its row in this database says; null where there is no such row. */
  heartbeatAt: Date | null;
  /** Which database system and database the row of the instance was written in, and which ones these are. */
  written: DatabaseIdentity;
  actual: DatabaseIdentity;
}

/** What one read of the log says. */
export interface LogRead extends DatabasePosition {
  heartbeatAt: Date;
  timeline: string;
  /** What this read could see, as `pg_current_snapshot()` tells. */
  snapshot: Snapshot;
  /** Entries that this read can see and the one before could not; in any order. */
  entries: LogEntry[];
  databaseTime: Date;
}

export interface DatabaseIdentity {
  systemIdentifier: string | null;
  databaseOid: string | null;
}

/** Which transactions a read could see: all below `xmax` that are not in `running`. */
export interface Snapshot {
  xmin: string;
  xmax: string;
  running: string[];
}

/** One read takes no more than this; a replica that missed more starts anew. */
export const MOST_ENTRIES = 10_000;

/** Before a first read, so that it takes no entries: nothing was kept in memory that they could concern. */
export const NOTHING_SEEN: Snapshot = { xmin: '0', xmax: '9223372036854775807', running: [] };

/** The timeline of the server that answers; null on one that is in recovery. */
export const TIMELINE = `CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END`;

/** Of what no later version of the schema adds to, in a form that hangs on no setting of the connection. */
const DIGEST = `encode(sha256(convert_to(
  concat_ws(' ', r.transaction_id, r.effect, r.scope, r.key, extract(epoch FROM r.created_at)), 'UTF8')), 'hex')`;

/**
 * Whether an entry of that sequence and digest is missed, all three null where nobody asks. The newest entry of all stays
 * whatever its age, so a log that ends before it has lost it; any other one may have been cleaned up when its time was
 * over, by whatever clock, or when the whole instance was ended after it.
 */
export const isMarkLost = (sequence: string, digest: string, keepUntil: string): string =>
  `coalesce(NOT EXISTS (SELECT FROM revocation r WHERE r.sequence = ${sequence}::bigint AND ${DIGEST} = ${digest})
    AND (coalesce((SELECT max(sequence) FROM revocation), 0) < ${sequence}::bigint
      OR ${sequence}::bigint >= ${FIRST_THAT_COUNTS}
        AND clock_timestamp() < ${keepUntil}::timestamptz - interval '1 minute'), false)`;

/** The values for these. */
export const markValues = (mark: LogMark | null): unknown[] =>
  [mark?.sequence, mark?.digest, mark?.keepUntil].map((part) => part ?? null);

const position = (
  heartbeat: string,
  ...mark: [sequence: string, digest: string, keepUntil: string]
): string => `n.incarnation, n.installation_id AS "installationId", ${TIMELINE} AS timeline,
    ${heartbeat} AS "heartbeatAt",
    json_build_object('systemIdentifier', n.system_identifier, 'databaseOid', n.database_oid::text) AS written,
    json_build_object(
      'systemIdentifier', (SELECT system_identifier::text FROM pg_control_system()),
      'databaseOid', (SELECT oid::text FROM pg_database WHERE datname = current_database())) AS actual,
    (SELECT json_build_object('sequence', r.sequence, 'digest', ${DIGEST}, 'keepUntil', r.keep_until)
     FROM revocation r ORDER BY r.sequence DESC LIMIT 1) AS head,
    ${isMarkLost(...mark)} AS "isMarkLost"`;

/** Tells which database a connection leads to, whether its log has lost an entry, and when a replica last read it. */
export const READ_POSITION = `
  SELECT ${position('(SELECT beat_at FROM replica WHERE id = $4)', '$1', '$2', '$3')} FROM instance n WHERE n.id = 1`;

/**
 * Entries become visible in another order than their sequences were drawn in. So a read asks not for what comes after
 * a number, but for what this snapshot shows and the last one did not: entries of transactions that were running then
 * or have begun since. Nothing can be missed, nothing comes twice, and a transaction that stays open for hours, in
 * whatever database, costs one number in a list.
 *
 * The read updates the replica's beat. A server that was deposed under synchronous replication can't commit that, so
 * its answers never count as fresh.
 */
export const READ_LOG = `
  WITH beat AS (
    INSERT INTO replica (id, beat_at) VALUES ($1, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET beat_at = excluded.beat_at RETURNING beat_at
  ), seen AS (
    SELECT ${ENTRY} AS entry FROM revocation r LEFT JOIN organization o ON o.id = r.organization_id
    WHERE (r.transaction_id >= $2::bigint OR r.transaction_id = ANY($3::bigint[])) AND ${COUNTS}
    LIMIT ${MOST_ENTRIES + 1}
  )
  SELECT pg_current_snapshot()::text AS snapshot, clock_timestamp() AS "databaseTime",
    ${position('(SELECT beat_at FROM beat)', '$4', '$5', '$6')},
    coalesce((SELECT json_agg(entry) FROM seen), '[]') AS entries
  FROM instance n WHERE n.id = 1`;

type Row = Omit<LogRead, 'snapshot' | 'timeline'> & { snapshot: string; timeline: string | null };

export function logReadOf(row: Row | undefined): LogRead {
  if (!row) throw new Error('The instance has no row');
  if (row.timeline === null) throw new StandbyError();
  return { ...row, timeline: row.timeline, snapshot: parseSnapshot(row.snapshot) };
}

/** `xmin:xmax:running,…` (PostgreSQL, "Transaction ID and snapshot information functions"). */
function parseSnapshot(text: string): Snapshot {
  const [xmin = '', xmax = '', running = ''] = text.split(':');
  return { xmin, xmax, running: running === '' ? [] : running.split(',') };
}
