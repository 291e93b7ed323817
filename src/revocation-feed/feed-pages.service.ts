import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../common/clock.js';
import { ServiceUnavailableError } from '../common/errors/app-error.js';
import { COUNTS, ENTRY, type LogEntry, TIMELINE } from '../revocation/log-read.js';
import { RevocationReader } from '../revocation/revocation-reader.service.js';
import { type Audience, concernsSql } from './feed-audience.js';
import { type FeedCursor, incarnationOf, type LogPlace, parseCursor } from './feed-cursor.js';

/** One walk through the log goes by transaction and sequence; it begins where the last one began to be uncertain. */
const PAGE = `
  WITH page AS (
    SELECT r.transaction_id, r.sequence, ${ENTRY} AS entry
    FROM revocation r LEFT JOIN organization o ON o.id = r.organization_id
    WHERE (r.transaction_id, r.sequence) > ($1::bigint, $2::bigint) AND r.keep_until > $3 AND ${COUNTS}
      AND ${concernsSql('$4', '$5')}
    ORDER BY r.transaction_id, r.sequence LIMIT $6
  )
  SELECT n.incarnation, ${TIMELINE} AS timeline, pg_snapshot_xmin(pg_current_snapshot())::text AS xmin,
    coalesce((SELECT json_agg(json_build_object('entry', entry, 'place', json_build_object(
      'transactionId', transaction_id::text, 'sequence', sequence::text)) ORDER BY transaction_id, sequence)
      FROM page), '[]') AS rows
  FROM instance n WHERE n.id = 1`;

interface PageRow {
  incarnation: string;
  timeline: string;
  xmin: string;
  rows: { entry: LogEntry; place: LogPlace }[];
}

/** Entries that a follower has not seen yet, and how far it has come with them. */
export interface FeedPage {
  entries: LogEntry[];
  next: FeedCursor;
  hasMore: boolean;
  /** The cursor was of another incarnation: these entries are the first of all. */
  reset: boolean;
}

/** Reads the log for followers, page by page. */
@Injectable()
export class FeedPages {
  constructor(
    private readonly dataSource: DataSource,
    private readonly reader: RevocationReader,
    private readonly clock: Clock,
  ) {}

  /** A page, and the monotonic time up to which the log was read. */
  async read(audience: Audience, after: string | undefined, limit: number): Promise<{ page: FeedPage; asOf: number }> {
    await this.reader.freshen();
    const { asOf } = this.reader;
    const page = await this.pageAfter(audience, parsed(after), limit);
    if (!asOf) throw new ServiceUnavailableError('The revocation log has not been read yet');
    return { page, asOf: asOf.monotonic };
  }

  /** The entries after a cursor, from the server that this replica believes. */
  async pageAfter(audience: Audience, cursor: FeedCursor | null, limit: number): Promise<FeedPage> {
    const current = this.incarnation();
    const isKnown = cursor?.incarnation === current;
    const start = isKnown && cursor ? cursor : { incarnation: current, floor: '0', after: null };
    const row = await this.ask(audience, placeOf(start), limit + 1);
    if (incarnationOf(row) !== current) throw new ServiceUnavailableError('The database has just changed');
    const shown = row.rows.slice(0, limit);
    const hasMore = row.rows.length > limit;
    const floor = start.after ? start.floor : row.xmin;
    const next = { incarnation: current, floor, after: hasMore ? (shown.at(-1)?.place ?? null) : null };
    return { entries: shown.map(({ entry }) => entry), next, hasMore, reset: cursor !== null && !isKnown };
  }

  /** What positions are relative to. Fails before the log was read, and while the database is not trusted. */
  incarnation(): string {
    this.reader.checkTrust();
    const { lastRead } = this.reader;
    if (!lastRead) throw new ServiceUnavailableError('The revocation log has not been read yet');
    return incarnationOf(lastRead);
  }

  private async ask({ organizationId, rootOrganizationId }: Audience, place: LogPlace, limit: number) {
    const { transactionId, sequence } = place;
    const now = this.clock.now();
    const values = [transactionId, sequence, now, organizationId, rootOrganizationId, limit];
    const [row]: PageRow[] = await this.dataSource.query(PAGE, values);
    if (!row) throw new Error('The instance has no row');
    return row;
  }
}

const parsed = (after: string | undefined): FeedCursor | null => (after === undefined ? null : parseCursor(after));

/** Sequences begin at 1: behind the zeroth comes all that a transaction wrote. */
const placeOf = ({ floor, after }: FeedCursor): LogPlace => after ?? { transactionId: floor, sequence: '0' };
