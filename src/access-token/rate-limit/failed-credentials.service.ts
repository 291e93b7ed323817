import { Injectable } from '@nestjs/common';
import { Budgets } from '../../common/budgets.js';
import { Clock } from '../../common/clock.js';
import { RateLimitExceededError, UnauthorizedError } from '../../common/errors/app-error.js';
import { originOf } from '../../common/http/origin.js';
import type { RequestContext } from '../../common/http/request-context.js';
import { AppConfig } from '../../config/app-config.js';
import { AccessTokenRefusedError } from '../access-token-errors.js';

/** Addresses that are remembered at a time; each costs some hundred bytes. */
const MAX_ADDRESSES = 100_000;

/**
 * How many failed credentials an address may still send. An address that keeps guessing, or floods with forgeries, is
 * refused before anything is looked at. In memory and for this replica alone; one step for each request.
 */
@Injectable()
export class FailedCredentials {
  private readonly budgets: Budgets;

  constructor(
    private readonly clock: Clock,
    { FAILED_CREDENTIALS_PER_MINUTE }: AppConfig,
  ) {
    this.budgets = new Budgets(FAILED_CREDENTIALS_PER_MINUTE, MAX_ADDRESSES);
  }

  /** Judges a credential that came from there, unless its budget is spent; one that fails costs. */
  async judge<T>(request: RequestContext, judgement: () => T | Promise<T>): Promise<T> {
    this.check(request);
    try {
      return await judgement();
    } catch (error) {
      this.note(request, error);
      throw error;
    }
  }

  /** Refuses whatever comes from an address whose budget is spent. To be asked before a credential is looked at. */
  check(request: RequestContext): void {
    const seconds = this.budgets.wait(originOf(request), request.now);
    if (seconds !== null) {
      throw new RateLimitExceededError('Too many failed credentials came from this address', seconds);
    }
  }

  /** Takes note of what came of a credential: one that failed costs its address. */
  note(request: RequestContext, error: unknown): void {
    if (isFailure(error)) this.budgets.spend(originOf(request), this.clock.now());
  }
}

const isFailure = (error: unknown): boolean =>
  error instanceof UnauthorizedError && !(error instanceof AccessTokenRefusedError && error.reason === 'missing');
