import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { RateLimitExceededError, ServiceUnavailableError } from '../common/errors/app-error.js';
import { KeyedSemaphore } from '../common/keyed-semaphore.js';
import { AppConfig } from '../config/app-config.js';
import { DatabaseLimiter } from '../database/database-limiter.service.js';
import type { Actor } from '../permission/actor.js';
import type { LogEntry } from '../revocation/log-read.js';
import { RevocationReader } from '../revocation/revocation-reader.service.js';
import { type Audience, concerns } from './feed-audience.js';
import { cursorOf, type FeedCursor, incarnationOf } from './feed-cursor.js';
import { type FeedPage, FeedPages } from './feed-pages.service.js';
import type { RevocationStream } from './revocation-stream.js';

/** Milliseconds between heartbeats: a follower that allows one second may miss one. */
const HEARTBEAT_MS = 300;

/** A stream's caller is judged again at least this often, in milliseconds. */
const JUDGE_AGAIN_MS = 500;

const CATCH_UP_PAGE = 1000;

/** Pages that are read for followers at the same time; more would keep everybody else from the database. */
const MAX_READING = 5;

/** Entries that may wait for a follower that is still reading up; then it is sent away, to go on from its last event. */
const MAX_WAITING = 10_000;

interface Follower {
  stream: RevocationStream;
  audience: Audience;
  identityId: string;
  /** Entries that came while the follower was still reading up; null once it has. */
  waiting: LogEntry[] | null;
  /** Throws when its caller may not follow any more. */
  judge: () => Promise<void>;
}

/**
 * Hands the log on to the followers that are connected here. All of them live on the one reader of this replica:
 * a thousand followers ask the database nothing that one doesn't, once they have read up.
 */
@Injectable()
export class RevocationStreams implements OnModuleInit, OnModuleDestroy {
  private readonly followers = new Set<Follower>();
  private readonly timers: NodeJS.Timeout[] = [];
  private isStopping = false;
  private readonly readings = new KeyedSemaphore({ maxConcurrent: MAX_READING });

  constructor(
    private readonly reader: RevocationReader,
    private readonly pages: FeedPages,
    private readonly config: AppConfig,
    private readonly limiter: DatabaseLimiter,
  ) {}

  onModuleInit(): void {
    this.reader.onEntries((entries) => this.hand(entries));
    this.reader.onReset(() => this.endAll());
    this.timers.push(setInterval(() => this.beat(), HEARTBEAT_MS).unref());
    this.timers.push(setInterval(() => this.judgeAll(), JUDGE_AGAIN_MS).unref());
  }

  onModuleDestroy(): void {
    this.isStopping = true;
    for (const timer of this.timers) clearInterval(timer);
    for (const { stream } of this.followers) stream.endForAnother();
    this.followers.clear();
  }

  /** How many follow here. */
  get count(): number {
    return this.followers.size;
  }

  /** Throws 429 if the identity has as many streams in its organization as it may. Called before a stream is opened. */
  checkRoom({ identityId, organizationId }: Actor): void {
    if (this.isStopping) throw new ServiceUnavailableError('This replica stops; another one has the stream');
    const own = [...this.followers].filter(
      (follower) => follower.identityId === identityId && follower.audience.organizationId === organizationId,
    ).length;
    if (own >= this.config.MAX_STREAMS_PER_IDENTITY) {
      throw new RateLimitExceededError('This identity follows the revocations too many times already', 1);
    }
  }

  /** Brings a follower up to now, and keeps it there until it leaves or its caller may not follow any more. */
  async follow(actor: Actor, stream: RevocationStream, cursor: FeedCursor | null, judge: () => Promise<void>) {
    const { organizationId, rootOrganizationId, identityId } = actor;
    const audience = { organizationId, rootOrganizationId };
    const follower: Follower = { stream, audience, identityId, waiting: [], judge };
    this.followers.add(follower);
    try {
      await this.catchUp(follower, cursor);
    } catch {
      this.end(follower);
    }
  }

  /** One page, when it is this follower's turn. However slowly it takes what is sent, nobody waits for it meanwhile. */
  private async pageFor({ audience, identityId }: Follower, cursor: FeedCursor | null): Promise<FeedPage> {
    const caller = { identityId, organizationId: audience.organizationId };
    const read = () => this.pages.pageAfter(audience, cursor, CATCH_UP_PAGE);
    return this.limiter.limitCaller('read', caller, () => this.readings.run('page', () => this.limiter.limitAll(read)));
  }

  /** Nobody is at the other end any more. */
  leave(stream: RevocationStream): void {
    for (const follower of this.followers) if (follower.stream === stream) this.followers.delete(follower);
  }

  /** What is read page by page was visible before; what becomes visible meanwhile waits. Twice is no harm. */
  private async catchUp(follower: Follower, start: FeedCursor | null): Promise<void> {
    const { stream } = follower;
    let cursor = start;
    for (let hasMore = true; hasMore && stream.isOpen;) {
      const page = await this.pageFor(follower, cursor);
      if (page.reset || cursor === null) stream.reset();
      stream.entries(page.entries, cursorOf(page.next));
      await stream.drained();
      ({ next: cursor, hasMore } = page);
    }
    const waiting = follower.waiting ?? [];
    follower.waiting = null;
    stream.entries(waiting, this.cursor());
    this.beatFor(follower);
  }

  private hand(entries: LogEntry[]): void {
    for (const follower of this.followers) {
      const concerned = entries.filter((entry) => concerns(follower.audience, entry));
      if (!follower.waiting) follower.stream.entries(concerned, this.cursor());
      else if (follower.waiting.push(...concerned) > MAX_WAITING) follower.stream.cut();
    }
  }

  private beat(): void {
    for (const follower of this.followers) if (!follower.waiting) this.beatFor(follower);
  }

  private beatFor({ stream }: Follower): void {
    const { asOf } = this.reader;
    if (asOf) stream.heartbeat(asOf.monotonic, this.cursor());
  }

  /** Everything of transactions that the last read could not see yet is behind it. */
  private cursor(): string {
    const { lastRead } = this.reader;
    if (!lastRead) throw new Error('The revocation log has not been read yet');
    return cursorOf({ incarnation: incarnationOf(lastRead), floor: lastRead.snapshot.xmin, after: null });
  }

  private judgeAll(): void {
    for (const follower of this.followers) follower.judge().catch(() => this.end(follower));
  }

  private endAll(): void {
    for (const follower of this.followers) this.end(follower);
  }

  private end(follower: Follower): void {
    this.followers.delete(follower);
    follower.stream.end();
  }
}
