import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { ClientBase } from 'pg';
import { DataSource } from 'typeorm';
import { Clock, type Instant } from '../common/clock.js';
import { ServiceUnavailableError } from '../common/errors/app-error.js';
import { newId } from '../common/random-id.js';
import { AppConfig } from '../config/app-config.js';
import { Backing } from '../config/backing.js';
import { dropConnections, watchConnections } from '../database/drop-connections.js';
import { LogConnection, readPosition } from './log-connection.js';
import { type Distrust, distrustOf, seenAfter, type SeenHead } from './log-position.js';
import { type LogEntry, type LogRead, MOST_ENTRIES, NOTHING_SEEN, type Snapshot } from './log-read.js';
import { NamedScopes } from './named-scopes.js';
import { nameOf, type ScopeKey } from './scope.js';

/** Milliseconds between reads that nobody asked for. */
const INTERVAL_MS = 200;

/** Hints bring a read forward to so many milliseconds after the one before: many revocations share one. */
const HINTED_INTERVAL_MS = 10;

/** Names that are remembered with the position at which they came up; what is older is asked again. */
const REMEMBERED_NAMES = 200_000;

type Listener<T> = (news: T) => void;

/**
 * Keeps this replica fresh: reads the revocation log in short intervals, tells what it names, and knows how old the
 * knowledge is. `asOf` is the instant before the last completed and applied read was *sent*: a process that was
 * stopped, an answer that lingered and a connection that is dead on one side all show as age.
 */
@Injectable()
export class RevocationReader implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger(RevocationReader.name);
  private readonly named = new NamedScopes(REMEMBERED_NAMES);
  private readonly connection: LogConnection;
  private readonly listeners: Listener<LogEntry[]>[] = [];
  private readonly resetListeners: Listener<void>[] = [];
  private last: { read: LogRead; asOf: Instant } | null = null;
  private seenHead: SeenHead = { incarnation: null, head: 0 };
  private distrust: Distrust | null = null;
  private isFailing = false;
  private running: Promise<void> | null = null;
  private following: Promise<void> | null = null;
  private timer: NodeJS.Timeout | undefined;
  /** When the timer goes off, on the monotonic clock. */
  private due = Number.POSITIVE_INFINITY;
  private startedAt = Number.NEGATIVE_INFINITY;
  private isStopped = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly config: AppConfig,
    backing: Backing,
  ) {
    const url = config.DATABASE_DIRECT_URL ?? backing.databaseUrl;
    this.connection = new LogConnection(url, newId(), () => this.schedule(HINTED_INTERVAL_MS));
  }

  /** The first read: from here on, everything that is revoked is seen. */
  async onApplicationBootstrap(): Promise<void> {
    watchConnections(this.dataSource, (client) => this.question(client));
    await this.claimDatabase();
    await this.read();
    this.schedule(INTERVAL_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.running?.catch(() => undefined);
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

  /** The last completed read; what followers are told their position by. */
  get lastRead(): LogRead | null {
    return this.last?.read ?? null;
  }

  /** Whether an answer that was asked for at `position`, from a server of `timeline`, still holds. */
  holds(position: number, timeline: string, names: readonly string[]): boolean {
    return timeline === this.last?.read.timeline && !this.named.isNamedSince(position, names);
  }

  /** Whether what is known is young enough to accept somebody by. To be asked in the step that accepts. */
  isFresh(): boolean {
    if (!this.last || this.distrust) return false;
    return this.clock.ageOf(this.last.asOf) <= this.config.REVOCATION_MAX_STALENESS;
  }

  /** Makes what is known young enough, or fails: then the answer to everything is that it can't be known. */
  async freshen(): Promise<void> {
    if (!this.isFresh()) await this.read();
    if (!this.isFresh()) throw new ServiceUnavailableError("The state of access tokens can't be known right now");
  }

  /** Refuses everything while the database may be an older state of itself. */
  checkTrust(): void {
    if (this.distrust) throw new ServiceUnavailableError('The database was restored; an operator has to accept it');
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
    this.schedule(HINTED_INTERVAL_MS);
  }

  /** Resolves when a read that was sent after this call has been applied; callers share it. */
  read(): Promise<void> {
    if (!this.running) return this.start();
    this.following ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.following = null;
        return this.start();
      });
    return this.following;
  }

  private start(): Promise<void> {
    this.startedAt = this.clock.monotonic();
    this.running = this.readOnce().finally(() => (this.running = null));
    return this.running;
  }

  private async readOnce(): Promise<void> {
    const asOf = this.clock.instant();
    const seen: Snapshot = this.last?.read.snapshot ?? NOTHING_SEEN;
    const read = await this.connection.read(seen);
    this.clock.observe(read.databaseTime, asOf.monotonic);
    this.take(read, asOf);
  }

  /** Applies a read. Everything here happens in one step: nobody sees half of it. */
  private take(read: LogRead, asOf: Instant): void {
    const before = this.last?.read;
    const isContinued = before?.timeline === read.timeline && before.incarnation === read.incarnation;
    // A log that has grown again since proves nothing: only an operator, by a new incarnation, ends the doubt.
    const doubt = this.seenHead.incarnation === read.incarnation ? this.distrust : null;
    this.noteDistrust(distrustOf(read, this.seenHead) ?? doubt);
    this.seenHead = seenAfter(read, this.seenHead);
    this.last = { read, asOf };
    if (!isContinued || read.entries.length > MOST_ENTRIES) {
      this.named.nameAll();
      if (before && before.timeline !== read.timeline) dropConnections(this.dataSource);
      for (const tell of this.resetListeners) tell();
    } else if (read.entries.length > 0) {
      this.named.name(read.entries.map(nameOf));
    }
    if (read.entries.length > 0) for (const tell of this.listeners) tell(read.entries);
  }

  private noteDistrust(distrust: Distrust | null): void {
    if (distrust !== null && distrust !== this.distrust) {
      this.log.fatal(`The database may be an older state of itself (${distrust}): nothing is accepted any more`);
    }
    this.distrust = distrust;
  }

  /**
   * A restore or a takeover breaks every connection. So each new one is asked whether its database has gone back, and
   * refused unless it leads to the server that the log was read from, before anybody uses it: until the log is read
   * again, what is known would still count as fresh.
   */
  private async question(client: ClientBase): Promise<void> {
    const seen = this.seenHead;
    const position = await readPosition(client);
    if (!position || !this.last) return;
    if (position.timeline !== this.last.read.timeline) {
      this.schedule(HINTED_INTERVAL_MS);
      throw new ServiceUnavailableError('Another database server has taken over, or did so before');
    }
    const distrust = distrustOf(position, seen);
    if (distrust) this.noteDistrust(distrust);
  }

  /** The database says which one it is, once; a copy of its rows elsewhere is told by that. */
  private async claimDatabase(): Promise<void> {
    await this.dataSource.query(
      `UPDATE instance SET system_identifier = (SELECT system_identifier::text FROM pg_control_system()),
         database_oid = (SELECT oid FROM pg_database WHERE datname = current_database())
       WHERE id = 1 AND system_identifier IS NULL`,
    );
  }

  /** Has the next read begin no later than so many milliseconds after the last one began. */
  private schedule(interval: number): void {
    const due = this.startedAt + interval;
    if (this.isStopped || due >= this.due) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(() => void this.readInTurn(), Math.max(0, due - this.clock.monotonic())).unref();
  }

  private async readInTurn(): Promise<void> {
    this.due = Number.POSITIVE_INFINITY;
    try {
      await this.read();
      if (this.isFailing) this.log.warn('The revocation log is read again');
      this.isFailing = false;
    } catch (error) {
      if (!this.isFailing) this.log.error('The revocation log could not be read', String(error));
      this.isFailing = true;
    }
    this.schedule(INTERVAL_MS);
  }
}
