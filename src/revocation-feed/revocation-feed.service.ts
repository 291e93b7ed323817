import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Clock } from '../common/clock.js';
import { bearerTokenOf } from '../common/http/bearer-token.js';
import type { Actor } from '../permission/actor.js';
import { cursorOf, parseCursor } from './feed-cursor.js';
import { type ListRevocationsQueryDto, RevocationEntryDto, type RevocationPageDto } from './feed.dto.js';
import { FeedPages } from './feed-pages.service.js';
import { FollowerAccess } from './follower-access.service.js';
import { RevocationStream } from './revocation-stream.js';
import { RevocationStreams } from './revocation-streams.service.js';

const DEFAULT_LIMIT = 500;

/** What other services learn of revocations, so that they can judge tokens themselves. */
@Injectable()
export class RevocationFeedService {
  constructor(
    private readonly access: FollowerAccess,
    private readonly pages: FeedPages,
    private readonly streams: RevocationStreams,
    private readonly clock: Clock,
  ) {}

  async list(actor: Actor, { after, limit = DEFAULT_LIMIT }: ListRevocationsQueryDto): Promise<RevocationPageDto> {
    const arrivedAt = this.clock.monotonic();
    this.access.check(actor);
    const { page, asOf } = await this.pages.read(actor, after, limit);
    const { entries, next, hasMore, reset } = page;
    return {
      entries: entries.map((entry) => RevocationEntryDto.from(entry)),
      next: cursorOf(next),
      hasMore,
      reset,
      asOf: Math.floor(asOf - arrivedAt),
    };
  }

  /** Answers with a stream that ends with its client, its caller's right to it, or the service. */
  async follow(actor: Actor, after: string | undefined, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const openedAt = this.clock.monotonic();
    this.access.check(actor);
    this.streams.checkRoom(actor);
    const stream = new RevocationStream(reply.raw, openedAt);
    reply.raw.on('close', () => this.streams.leave(stream));
    reply.hijack();
    stream.open(reply.getHeaders() as Record<string, string>);
    const text = bearerTokenOf(request.headers) ?? '';
    const judge = () => this.access.judgeAgain(text, request.context);
    await this.streams.follow(actor, stream, after === undefined ? null : parseCursor(after), judge);
  }
}
