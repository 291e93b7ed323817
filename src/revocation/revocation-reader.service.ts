import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Client, ClientBase } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock, type Instant } from '../common/clock.js';
import { ServiceUnavailableError } from '../common/errors/app-error.js';
import { newId } from '../common/random-id.js';
import { AppConfig } from '../config/app-config.js';
import { Backing } from '../config/backing.js';
import { InjectBackgroundDataSource } from '../database/background-data-source.js';
import { dropConnections, greetConnections } from '../database/drop-connections.js';
import { claimOnce, recordRollback } from './database-claim.js';
import { DatabaseMatch } from './database-match.js';
import { DatabaseTrust } from './database-trust.js';
import { LogConnection, readPosition } from './log-connection.js';
import { type LogEntry, type LogRead, MOST_ENTRIES, NOTHING_SEEN, type Snapshot } from './log-read.js';
import { NamedScopes } from './named-scopes.js';
import { ReadTurns } from './read-turns.js';
import { nameOf, type ScopeKey } from './scope.js';

/** Names that are remembered with the position at which they came up; what is older is asked again. */
const REMEMBERED_NAMES = 200_000;

type Listener<T> = (news: T) => void;

class TakenOverError extends ServiceUnavailableError {
  constructor() {
    super('Another database server has taken over, or did so before');
  }
}

/**
 * Keeps this replica fresh: reads the revocation log in short intervals, tells what it names, and knows how old the
 * knowledge is. `asOf` is the instant before the last completed and applied read was *sent*: a process that was
 * stopped, an answer that lingered and a connection that is dead on one side all show as age.
 */
@Injectable()
export class RevocationReader implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly named = new NamedScopes(REMEMBERED_NAMES);
  private readonly connection: LogConnection;
  private readonly turns: ReadTurns;
  private readonly trust: DatabaseTrust;
  private readonly match: DatabaseMatch;
  private readonly listeners: Listener<LogEntry[]>[] = [];
  private readonly resetListeners: Listener<void>[] = [];
  private last: { read: LogRead; asOf: Instant } | null = null;
  private beforeLast: Instant | null = null;
  /** The last read before a connection led to another database: nothing is accepted by it any more. */
  private readBeforeMismatch: LogRead | null = null;
  /** The pool may still lead to the database of before, so the next read drops its connections. */
  private isPoolOutdated = false;

  constructor(
    private readonly dataSource: DataSource,
    @InjectBackgroundDataSource() private readonly background: DataSource,
    private readonly clock: Clock,
    private readonly config: AppConfig,
    backing: Backing,
  ) {
    const { DATABASE_DIRECT_URL: directUrl } = config;
    this.turns = new ReadTurns(clock, () => this.readOnce());
    this.connection = new LogConnection(
      directUrl ?? backing.databaseUrl,
      newId(),
      () => this.turns.hasten(),
      (client) => this.verifyLogConnection(client),
    );
    this.trust = new DatabaseTrust((incarnation, seen) =>
      this.connection.onCurrent((client) => recordRollback(client, incarnation, seen)),
    );
    this.match = new DatabaseMatch({ poolUrl: backing.databaseUrl, hasDirectUrl: directUrl !== undefined }, this.trust);
  }

  /** The first read: from here on, everything that is revoked is seen. */
  async onApplicationBootstrap(): Promise<void> {
    for (const pool of this.pools) greetConnections(pool, (client) => this.verifyPoolConnection(client));
    await this.turns.begin();
    await claimOnce(this.background);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.turns.end();
    await this.connection.close();
  }

  /** What was named up to now; to be noted before a question is sent whose answer is to be kept. */
  get position(): number {
    return this.named.position;
  }

  /** The instant that everything up to now is known for; null before the first read. */
  get asOf(): Instant | null {
    return this.last?.asOf ?? null;
  }

  /** The instant that everything was known for before the last read: what that one found is later. */
  get previousAsOf(): Instant | null {
    return this.beforeLast;
  }

  /** The last completed read; what followers are told their position by. */
  get lastRead(): LogRead | null {
    return this.last?.read ?? null;
  }

  /** Whether what was known to hold at `position`, by a server of `timeline`, still holds. */
  holds(position: number, timeline: string, names: () => readonly string[]): boolean {
    if (timeline !== this.last?.read.timeline) return false;
    // Mostly nothing at all was named since: then nobody needs to know by which names it would be.
    return position === this.named.position || !this.named.isNamedSince(position, names());
  }

  /** Whether what is known is young enough to accept somebody by. To be asked in the step that accepts. */
  isFresh(): boolean {
    if (!this.last || !this.isTrusted || this.last.read === this.readBeforeMismatch) return false;
    return this.clock.ageOf(this.last.asOf) <= this.config.REVOCATION_MAX_STALENESS;
  }

  /** Makes what is known young enough, or fails: then the answer to everything is that it can't be known. */
  async freshen(): Promise<void> {
    if (!this.isFresh()) await this.read();
    if (!this.isFresh()) throw new ServiceUnavailableError("The state of access tokens can't be known right now");
  }

  /**
   * Fails unless the server of `timeline` still leads. A server that was deposed doesn't know what has happened since,
   * so nobody is to be told on its word that something isn't there.
   */
  async confirm(timeline: string): Promise<void> {
    await this.read();
    this.checkTrust();
    if (this.last?.read.timeline !== timeline) throw new TakenOverError();
  }

  /** Whether the database is, as far as can be told, no older state of itself. */
  get isTrusted(): boolean {
    return this.trust.isGiven;
  }

  /** Refuses everything while the database may be an older state of itself. */
  checkTrust(): void {
    this.trust.check();
  }

  /**
   * Runs statements that change something by what is remembered. A connection that has yet to be made is asked what it
   * leads to, and what it says counts before anything is sent.
   */
  async onTrusted<T>(work: (db: EntityManager) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.connect();
      this.checkTrust();
      return await work(runner.manager);
    } finally {
      await runner.release();
    }
  }

  /** Told of every entry, in any order, some of them twice. */
  onEntries(listener: Listener<LogEntry[]>): void {
    this.listeners.push(listener);
  }

  /** Told when entries may have been missed, and positions of before mean nothing any more. */
  onReset(listener: Listener<void>): void {
    this.resetListeners.push(listener);
  }

  /** What a transaction of this replica has just committed: no need to wait until the log is read. */
  apply(entries: readonly Pick<ScopeKey, 'key'>[]): void {
    this.named.name(entries.map(nameOf));
    this.turns.hasten();
  }

  /** Resolves when a read that was sent after this call has been applied; callers share it. */
  read(): Promise<void> {
    return this.turns.read();
  }

  /** All pools of this process. */
  private get pools(): DataSource[] {
    return [this.dataSource, this.background];
  }

  private async readOnce(): Promise<void> {
    const asOf = this.clock.instant();
    const seen: Snapshot = this.last?.read.snapshot ?? NOTHING_SEEN;
    const read = await this.connection.read(seen, this.trust.mark);
    this.clock.observe(read.databaseTime, asOf.monotonic);
    this.take(read, asOf);
  }

  /** Applies a read. Everything here happens in one step: nobody sees half of it. */
  private take(read: LogRead, asOf: Instant): void {
    const before = this.last?.read;
    const isContinued = before?.timeline === read.timeline && before.incarnation === read.incarnation;
    this.trust.take(read);
    this.match.noteRead();
    this.beforeLast = this.last?.asOf ?? null;
    this.last = { read, asOf };
    if (!isContinued || read.entries.length > MOST_ENTRIES) {
      this.named.nameAll();
      if (before && before.timeline !== read.timeline) this.isPoolOutdated = true;
      for (const tell of this.resetListeners) tell();
    } else if (read.entries.length > 0) {
      this.named.name(read.entries.map(nameOf));
    }
    if (this.isPoolOutdated) for (const pool of this.pools) dropConnections(pool);
    this.isPoolOutdated = false;
    if (read.entries.length > 0) for (const tell of this.listeners) tell(read.entries);
  }

  private async verifyLogConnection(client: Client): Promise<void> {
    const position = await readPosition(client, this.trust.mark, this.connection.replicaId);
    if (!position) throw new Error('The instance has no row');
    const isKnown = await this.match.verifyLogConnection(client, position, this.last?.read ?? null);
    if (!isKnown) this.isPoolOutdated = true;
  }

  /**
   * Verifies a new connection of the pool before anything uses it. A restore, a failover or a URL that leads elsewhere
   * shows first in a new connection, while the last read of the log would still count as fresh. The heartbeat may also
   * be missing because nothing was read for long, so a mismatch counts only when it outlasts the next read.
   */
  private async verifyPoolConnection(client: ClientBase): Promise<void> {
    try {
      if (await this.matchesLastRead(client)) return;
      this.readBeforeMismatch = this.last?.read ?? null;
      await this.turns.read();
      if (await this.matchesLastRead(client)) return;
    } catch (error) {
      this.turns.hasten();
      throw error;
    }
    this.readBeforeMismatch = this.last?.read ?? null;
    this.connection.renew();
    this.turns.hasten();
    throw this.match.poolMismatch();
  }

  private async matchesLastRead(client: ClientBase): Promise<boolean> {
    const last = this.last?.read;
    const position = await readPosition(client, this.trust.mark, this.connection.replicaId);
    if (!last) return true;
    if (position && position.timeline !== last.timeline) throw new TakenOverError();
    return this.match.isPoolMatch(position, last);
  }
}
