import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Budgets } from '../../common/budgets.js';
import { RateLimitExceededError } from '../../common/errors/app-error.js';
import '../../common/http/fastify-request.js';
import { originOf } from '../../common/http/origin.js';
import { AppConfig } from '../../config/app-config.js';

/** Tokens, identities and addresses that are remembered at a time; each costs some hundred bytes. */
const MOST = 100_000;

/** One limit: whom it is for, and what its header fields say of it. */
interface Limit {
  whose: string;
  /** As RateLimit-Policy has it: so many in a window of so many seconds. */
  policy: string;
  reason: string;
  budgets: Budgets;
}

/** Whose requests are counted, once it is known who sends them. */
export interface Bearer {
  tokenId: string;
  /** Key of the identity in the organization that the token is scoped to. */
  memberKey: string;
}

/**
 * How many requests a token, an identity in one organization and, where nobody has proven who it is, an address may still send. In memory
 * and for this process alone.
 */
@Injectable()
export class RateLimits {
  private readonly ofToken;
  private readonly ofIdentity;
  private readonly ofAddress;

  constructor(config: AppConfig) {
    this.ofToken = limitOf('token', 'with this access token', config.TOKEN_REQUESTS_PER_MINUTE);
    this.ofIdentity = limitOf('identity', 'from this identity', config.IDENTITY_REQUESTS_PER_MINUTE);
    this.ofAddress = limitOf('address', 'from this address', config.ADDRESS_REQUESTS_PER_MINUTE);
  }

  /** Takes a request from the budgets of its bearer, or refuses it. */
  admitBearer(request: FastifyRequest, { tokenId, memberKey }: Bearer): void {
    if (this.ofToken) take(this.ofToken, tokenId, request);
    if (this.ofIdentity) take(this.ofIdentity, memberKey, request);
  }

  /** Takes a request from the budget of its address, or refuses it. */
  admitAddress(request: FastifyRequest): void {
    if (this.ofAddress) take(this.ofAddress, originOf(request.context), request);
  }

  /** Says in the answer's header how the limit stands that the request came closest to. */
  tell({ allowance }: FastifyRequest, reply: FastifyReply): void {
    if (!allowance) return;
    void reply.header('ratelimit-policy', allowance.policy);
    void reply.header('ratelimit', `"${allowance.whose}";r=${allowance.left};t=${allowance.fullIn}`);
  }
}

/** 0 is no limit. */
function limitOf(whose: string, whence: string, perMinute: number): Limit | null {
  if (perMinute === 0) return null;
  const reason = `Too many requests came ${whence}`;
  return { whose, policy: `"${whose}";q=${perMinute};w=60`, reason, budgets: new Budgets(perMinute, MOST) };
}

function take({ whose, policy, reason, budgets }: Limit, name: string, request: FastifyRequest): void {
  const { wait, left, fullIn } = budgets.take(name, request.context.now);
  if (!request.allowance || left <= request.allowance.left) request.allowance = { whose, policy, left, fullIn };
  if (wait !== null) throw new RateLimitExceededError(reason, wait);
}
