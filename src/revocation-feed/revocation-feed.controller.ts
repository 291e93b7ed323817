import { Controller, Get, Headers, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SkipReadLimit } from '../access-token/read-limit.interceptor.js';
import { ApiErrors } from '../common/errors/api-errors.js';
import { type Actor, CurrentActor } from '../permission/actor.js';
import { RequirePermission } from '../permission/require-permission.js';
import { FollowRevocationsQueryDto, ListRevocationsQueryDto, RevocationPageDto } from './feed.dto.js';
import { RevocationFeedService } from './revocation-feed.service.js';

@ApiTags('Revocations')
@ApiErrors()
@Controller('v1/revocations')
export class RevocationFeedController {
  constructor(private readonly feed: RevocationFeedService) {}

  /**
   * List what has been revoked
   * @remarks Entries that can concern tokens of the caller's organization or of those below, as long as such a token could live. Send `next` back as `after`, again and again; entries may come twice and in any order.
   */
  @Get()
  @RequirePermission({ subject: 'access-token', action: 'follow-revocations' })
  listRevocations(@CurrentActor() actor: Actor, @Query() query: ListRevocationsQueryDto): Promise<RevocationPageDto> {
    return this.feed.list(actor, query);
  }

  /**
   * Follow what is being revoked
   * @remarks Server-sent events. `entries` carries entries; `heartbeat` says up to when all of them have been sent, in milliseconds since this request arrived (`asOf`); `reset` says to forget what came before. Go on after an interruption with `Last-Event-ID`.
   */
  @Get('stream')
  @SkipReadLimit()
  @ApiOkResponse({
    description: 'The stream; it ends when the caller may not follow any more',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The id of the last event that was received' })
  @RequirePermission({ subject: 'access-token', action: 'follow-revocations' })
  followRevocations(
    @CurrentActor() actor: Actor,
    @Query() query: FollowRevocationsQueryDto,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.feed.follow(actor, lastEventId ?? query.after, request, reply);
  }
}
