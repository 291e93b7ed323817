import pg from 'pg';

/** What its types don't tell of a connection. */
type Connection = pg.PoolClient & { _getActiveQuery(): object | null | undefined };

/** A pool that lends nobody a connection which somebody else has left in the middle of something. */
export class ConnectionPool extends pg.Pool {
  /** Takes a connection out of the pool and ends it; what its types don't tell of a pool. */
  declare private readonly _remove: (client: pg.Client) => void;
  /** From the first on, which is opened before anybody else has the pool. */
  readonly open = new Set<pg.Client>();

  constructor(options?: pg.PoolConfig) {
    super(options);
    this.on('connect', (client) => this.open.add(client));
    this.on('remove', (client) => this.open.delete(client));
    // The pool keeps none that has been ended by now.
    this.on('release', (_error, client) => {
      if (!isAtRest(client as Connection)) void client.end().catch(() => undefined);
    });
  }

  /**
   * Gives up every connection: statements under way on one fail, and nobody is lent one from here on. Only to end them
   * would leave those at rest in the pool until the server says goodbye, which may be gone.
   */
  dropAll(): void {
    for (const client of this.open) this._remove(client);
  }
}

/**
 * Who gives up on a statement, or on a ROLLBACK, leaves it under way: what the next one sends comes behind it, in the
 * same transaction. A statement that PostgreSQL refused is over.
 */
const isAtRest = (client: Connection): boolean => !client._getActiveQuery() && client.getTransactionStatus() === 'I';
