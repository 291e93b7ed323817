import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { BadRequestError } from '../../common/errors/app-error.js';
import { leastRecent } from '../../common/least-recent.js';
import { LookUps } from '../../common/look-ups.js';
import { AppConfig } from '../../config/app-config.js';
import { type Prepared, runPrepared } from '../../database/prepared.js';
import { type Member, memberKey } from '../member-key.js';

/** How long a count is good enough to mint by, whatever is minted: others mint meanwhile, and tokens end. */
const COUNT_HOLDS_MS = 60_000;

/** The part of the room which a count found that may be minted by it after that. */
const SMALL_PART = 0.01;

/** How long a count is good enough to refuse by: a flood of refused mints costs a count a second. */
const REFUSAL_HOLDS_MS = 1000;

/** Maximum number of cached counts, one per identity and organization. */
const MOST = 100_000;

/** Counts that one statement makes: one with more tokens than there is time for fails all of them. */
const AT_ONCE = 8;

/** Reads for each one piece of one index and its rows, at most twice as many as the limit: among them are revoked ones. */
const COUNT: Prepared = {
  name: 'count_live_tokens',
  text: `
  SELECT (
    SELECT count(*) FILTER (WHERE revoked_at IS NULL)::int FROM (
      SELECT revoked_at FROM access_token
      WHERE identity_id = asked.identity_id AND organization_id = asked.organization_id AND expires_at > $3
      LIMIT 2 * $4::bigint) unexpired
  ) AS count
  FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS asked (identity_id, organization_id, place)
  ORDER BY place`,
};

/** What is known of the live tokens of an identity in one organization. */
interface Count {
  /** By the last count. */
  counted: number;
  /** By the last count and by what was minted here since; what was minted while it counted may be in it twice. */
  live: number;
  /** Milliseconds since 1970: when the last count was begun that has succeeded. Null before the first. */
  countedAt: number | null;
  /** Milliseconds since 1970: when the last count was begun, whatever came of it. */
  triedAt: number | null;
  /** The count that is under way. */
  running: Promise<void> | null;
}

/**
 * Limits the live tokens that an identity has in one organization. So the administrators of a sub-organization cannot
 * use up what the identity may have in the root. Soft: mints neither wait for each other nor write a
 * counter. They go by the last count and by what this process has minted since. Once that is more than a small part of
 * the room, so that others may have minted as much, a count that is older than a minute is followed by another; only who
 * would be refused is counted anew first.
 */
@Injectable()
export class LiveTokens {
  private readonly log = new Logger(LiveTokens.name);
  private readonly counts = leastRecent<Count>(MOST);
  private readonly most: number;
  private readonly reads: LookUps<Member, number>;
  private toldAt: number | null = null;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    { MAX_LIVE_TOKENS_PER_IDENTITY, DATABASE_POOL_SIZE }: AppConfig,
  ) {
    this.most = MAX_LIVE_TOKENS_PER_IDENTITY;
    this.reads = new LookUps('live tokens', DATABASE_POOL_SIZE, async (members) => this.countAll(members), AT_ONCE);
  }

  /** Throws 400 if the identity has as many live tokens in the organization as it may. */
  async checkRoom(member: Member): Promise<void> {
    if (this.most === 0) return;
    const key = memberKey(member);
    const count = this.counts.get(key) ?? this.begin(key);
    const now = this.clock.now();
    if (count.live < this.most) {
      // A mint does not wait for the count that others will go by.
      if (this.isOutdated(count, now)) {
        this.recount(member, count, now).catch((error: unknown) => this.tellFailed(error, now));
      }
      return;
    }
    if (count.counted < this.most || ageOf(count.countedAt, now) >= REFUSAL_HOLDS_MS)
      await this.recount(member, count, now);
    if (count.counted >= this.most) {
      throw new BadRequestError(
        `The identity has ${this.most} live access tokens in the organization; revoke some or let them expire`,
      );
    }
  }

  /** Counts a token that was minted. */
  noteMinted(member: Member): void {
    const count = this.counts.peek(memberKey(member));
    if (count) count.live += 1;
  }

  private begin(key: string): Count {
    const count = { counted: 0, live: 0, countedAt: null, triedAt: null, running: null };
    this.counts.set(key, count);
    return count;
  }

  /** A count that failed is left alone for as long as another holds: what made it fail costs as much each time. */
  private isOutdated({ triedAt, countedAt, counted, live }: Count, now: Date): boolean {
    if (ageOf(triedAt, now) < COUNT_HOLDS_MS) return false;
    return countedAt === null || live - counted >= (this.most - counted) * SMALL_PART;
  }

  /** One count at a time. */
  private recount(member: Member, count: Count, now: Date): Promise<void> {
    count.running ??= this.count(member, count, now).finally(() => {
      count.running = null;
    });
    return count.running;
  }

  private async count(member: Member, count: Count, now: Date): Promise<void> {
    const before = count.live;
    count.triedAt = now.getTime();
    count.counted = await this.reads.ask(member);
    count.live = count.counted + (count.live - before);
    count.countedAt = now.getTime();
  }

  private tellFailed(error: unknown, now: Date): void {
    if (ageOf(this.toldAt, now) < COUNT_HOLDS_MS) return;
    this.toldAt = now.getTime();
    const { name, code = '' } = error as Error & { code?: string };
    this.log.warn(`live tokens could not be counted: ${name} ${code}`);
  }

  private async countAll(members: readonly Member[]): Promise<number[]> {
    const identityIds = members.map(({ identityId }) => identityId);
    const organizationIds = members.map(({ organizationId }) => organizationId);
    const values = [identityIds, organizationIds, this.clock.now(), this.most];
    const rows = await runPrepared<{ count: number }>(this.dataSource.manager, COUNT, values);
    return rows.map(({ count }) => count);
  }
}

/** In milliseconds. */
const ageOf = (at: number | null, now: Date): number => now.getTime() - (at ?? Number.NEGATIVE_INFINITY);
