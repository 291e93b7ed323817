import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { KeyedSemaphore } from '../common/keyed-semaphore.js';
import { MANAGEMENT_LOCK } from '../database/advisory-locks.js';
import { DatabaseLimiter } from '../database/database-limiter.service.js';
import type { Actor } from '../permission/actor.js';
import { AccessTokenService } from './access-token.service.js';
import { changeShared } from './gate.js';
import { lockReachableToken } from './token-hold.js';

type Work<T> = (tx: EntityManager, actor: Actor) => Promise<T>;

/** `isReachable`: the caller's organization reaches the token, whose row is then locked. */
type TokenWork<T> = (tx: EntityManager, actor: Actor, isReachable: boolean) => Promise<T>;

/**
 * Waits for its turn among the changes of a root organization, for as long as a statement may take: a queue of changes
 * is no fault. Every other lock is waited for as briefly as the connection says.
 */
const TAKE_TURN = `SELECT set_config('lock_timeout', '0', true), pg_advisory_xact_lock($1, hashtext($2))`;

/**
 * Opens the transaction of every change: the caller is judged again in it, and stays as judged until it ends.
 *
 * Locks are taken in one order everywhere, so that no two changes wait for each other: the root organization's
 * management lock, its gate, tokens by id, what the caller's power rests on (shared), what is changed.
 */
@Injectable()
export class Authority {
  private readonly turns = new KeyedSemaphore({ maxConcurrent: 4, timeoutMs: 10_000 });

  constructor(
    private readonly dataSource: DataSource,
    private readonly accessTokens: AccessTokenService,
    private readonly limiter: DatabaseLimiter,
  ) {}

  /**
   * Changes identities, their configuration, memberships, roles or organizations. Such changes follow one another
   * within a root organization; verifications don't wait for them, nor do mints of what they don't touch, unless
   * the gate has to be closed.
   */
  async manage<T>(caller: Actor, work: Work<T>): Promise<T> {
    const { rootOrganizationId } = caller;
    const change = (): Promise<T> =>
      changeShared(
        this.dataSource,
        rootOrganizationId,
        async (tx) => work(tx, await this.accessTokens.hold(tx, caller)),
        (tx) => tx.query(TAKE_TURN, [MANAGEMENT_LOCK, rootOrganizationId]),
      );
    // A change that waits for others of its organization must hold no slot that callers of other organizations need.
    return this.limiter.limitCaller('change', caller, () =>
      this.turns.run(rootOrganizationId, () => this.limiter.limitAll(change)),
    );
  }

  /** Changes the row of one token that the caller's organization reaches. A caller may change its own token. */
  async changeToken<T>(caller: Actor, tokenId: string, work: TokenWork<T>): Promise<T> {
    const { rootOrganizationId, organizationId } = caller;
    const change = async (tx: EntityManager): Promise<T> => {
      let isReachable = false;
      for (const id of [...new Set([caller.tokenId, tokenId])].toSorted()) {
        const isTarget = id === tokenId;
        const isLocked = await lockReachableToken(
          tx,
          { id, organizationId },
          isTarget ? 'FOR NO KEY UPDATE' : 'FOR SHARE',
        );
        if (isTarget) isReachable = isLocked;
      }
      return work(tx, await this.accessTokens.hold(tx, caller), isReachable);
    };
    return this.limiter.run('change', caller, () => changeShared(this.dataSource, rootOrganizationId, change));
  }
}
