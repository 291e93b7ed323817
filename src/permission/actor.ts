import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { RequestContext } from '../common/http/request-context.js';
import type { PermissionSet } from './permission-set.js';

/** The caller of a request: an identity, by one of its tokens, in the organization that the token is scoped to. */
export interface Actor {
  readonly identityId: string;
  readonly tokenId: string;
  /** The key that signed the token's text. */
  readonly kid: string;
  /** The organization that the token is scoped to: the caller works there and nowhere else. */
  readonly organizationId: string;
  readonly rootOrganizationId: string;
  /** What the caller may do in that organization. */
  readonly permissions: PermissionSet;
  /** The timeline of the database server that the caller was judged by. */
  readonly timeline: string;
  readonly request: RequestContext;
}

/** The caller, as the guard found it. */
export const CurrentActor = createParamDecorator(
  (_data: undefined, context: ExecutionContext) =>
    context.switchToHttp().getRequest<FastifyRequest & { user: Actor }>().user,
);
