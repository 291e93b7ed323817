import pg from 'pg';
import { ServiceUnavailableError } from '../common/errors/app-error.js';
import { saysUnconfirmed } from '../common/errors/postgres-errors.js';
import {
  type DatabasePosition,
  type LogMark,
  type LogRead,
  logReadOf,
  markValues,
  READ_LOG,
  READ_POSITION,
  type Snapshot,
} from './log-read.js';

/** The channel of the hints: empty messages that only bring a read forward. */
export const HINTS = 'token_auth_revocation';

/** Milliseconds; a read that takes longer says nothing about now. */
const TIMEOUTS = { connectionTimeoutMillis: 2000, statement_timeout: 1000, query_timeout: 1200, lock_timeout: 1000 };

/** Verifies which database a new connection leads to, before it is used. Throws where it must not be used. */
type Verify = (client: pg.Client) => Promise<void>;

/**
 * The connection that the log is read by, outside of the pool: no load on the pool delays it. After any failure it is
 * given up, and the next read makes another.
 */
export class LogConnection {
  private client: pg.Client | null = null;
  private hasWarned = false;
  private isRenewalDue = false;

  constructor(
    private readonly url: string,
    readonly replicaId: string,
    private readonly onHint: () => void,
    private readonly verify: Verify,
  ) {}

  /** Has the next read use a new connection, because the URL may lead elsewhere by now. */
  renew(): void {
    this.isRenewalDue = true;
  }

  /** Uses the connection of the last read; does nothing where that one was closed. */
  async onCurrent(work: (client: pg.Client) => Promise<void>): Promise<void> {
    if (this.client) await work(this.client);
  }

  /** Everything that has become visible since `seen`, and whether the log has lost `mark`. */
  async read(seen: Snapshot, mark: LogMark | null): Promise<LogRead> {
    try {
      if (this.isRenewalDue) await this.close();
      this.client ??= await this.connect();
      const { rows } = await this.client.query(READ_LOG, [
        this.replicaId,
        seen.xmax,
        seen.running,
        ...markValues(mark),
      ]);
      if (this.hasWarned) throw new ServiceUnavailableError('The standby did not confirm the beat of this replica');
      return logReadOf(rows[0]);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const { client } = this;
    this.client = null;
    this.hasWarned = false;
    this.isRenewalDue = false;
    // A connection that no longer answers would keep an orderly end waiting.
    await Promise.race([client?.end(), new Promise((resolve) => setTimeout(resolve, 100).unref())]);
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.url,
      application_name: 'token-auth revocation reader',
      keepAlive: true,
      ...TIMEOUTS,
    });
    const forget = (): void => {
      if (this.client === client) this.client = null;
    };
    client.on('error', forget);
    client.on('end', forget);
    client.on('notice', (notice) => {
      if (saysUnconfirmed(notice)) this.hasWarned = true;
    });
    client.on('notification', this.onHint);
    try {
      await client.connect();
      await this.verify(client);
      await client.query(`LISTEN ${HINTS}`);
      return client;
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
  }
}

/**
 * Which database any connection leads to, whether its log has lost `mark`, and when the replica last read that log;
 * null where there is no instance.
 */
export async function readPosition(
  client: pg.ClientBase,
  mark: LogMark | null,
  replicaId: string,
): Promise<DatabasePosition | null> {
  const { rows } = await client.query<DatabasePosition>(READ_POSITION, [...markValues(mark), replicaId]);
  return rows[0] ?? null;
}
