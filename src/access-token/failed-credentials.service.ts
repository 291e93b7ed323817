import { isIPv6 } from 'node:net';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../common/clock.js';
import { RateLimitExceededError, UnauthorizedError } from '../common/errors/app-error.js';
import type { RequestContext } from '../common/http/request-context.js';
import { AppConfig } from '../config/app-config.js';
import { AccessTokenRefusedError } from './access-token-errors.js';

/** Addresses that are remembered at a time; each costs some hundred bytes. */
const MAX_ADDRESSES = 100_000;

/** What is left to an address, and when that was told. It fills up again evenly, within a minute. */
interface Budget {
  left: number;
  /** Milliseconds since 1970. */
  at: number;
}

const MINUTE_MS = 60_000;

/**
 * How many failed credentials an address may still send. An address that keeps guessing, or floods with forgeries, is
 * refused before anything is looked at. In memory and for this replica alone; one step for each request.
 */
@Injectable()
export class FailedCredentials {
  private readonly budgets = new LRUCache<string, Budget>({ max: MAX_ADDRESSES });

  constructor(
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /** Judges a credential that came from there, unless its budget is spent; one that fails costs. */
  async judge<T>(request: RequestContext, judgement: () => Promise<T>): Promise<T> {
    this.check(request);
    try {
      return await judgement();
    } catch (error) {
      if (isFailure(error)) this.spend(request);
      throw error;
    }
  }

  private check(request: RequestContext): void {
    const left = this.budgets.size === 0 ? 1 : this.leftTo(request);
    if (left >= 1) return;
    const seconds = Math.ceil(((1 - left) * 60) / this.config.FAILED_CREDENTIALS_PER_MINUTE);
    throw new RateLimitExceededError('Too many failed credentials came from this address', Math.max(1, seconds));
  }

  private spend(request: RequestContext): void {
    const left = this.leftTo(request) - 1;
    this.budgets.set(originOf(request), { left, at: this.clock.now().getTime() });
  }

  private leftTo(request: RequestContext): number {
    const most = this.config.FAILED_CREDENTIALS_PER_MINUTE;
    const budget = this.budgets.get(originOf(request));
    if (!budget) return most;
    const passed = Math.max(0, this.clock.now().getTime() - budget.at);
    return Math.min(most, budget.left + (passed * most) / MINUTE_MS);
  }
}

const isFailure = (error: unknown): boolean =>
  error instanceof UnauthorizedError && !(error instanceof AccessTokenRefusedError && error.reason === 'missing');

/** One host has a whole /64 of IPv6 to itself (RFC 6177): it counts as one. Junk about a client counts for the peer. */
function originOf({ address, peer }: RequestContext): string {
  const origin = address ?? peer ?? '';
  return isIPv6(origin) ? expanded(origin).slice(0, 4).join(':') : origin;
}

/** The eight groups of an IPv6 address. */
function expanded(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  return [...front, ...Array<string>(8 - front.length - back.length).fill('0'), ...back];
}
