import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Turns } from '../common/turns.js';
import { MANAGEMENT_LOCK } from '../database/advisory-locks.js';
import type { Actor } from '../permission/actor.js';
import { AccessTokenService } from './access-token.service.js';
import { changeShared } from './gate.js';
import { lockToken } from './token-hold.js';

type Work<T> = (tx: EntityManager, actor: Actor) => Promise<T>;

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
  private readonly turns = new Turns({ atWork: 4, patience: 10_000 });

  constructor(
    private readonly dataSource: DataSource,
    private readonly accessTokens: AccessTokenService,
  ) {}

  /**
   * Changes identities, their configuration, memberships, roles or organizations. Such changes follow one another
   * within a root organization; verifications don't wait for them, nor do mints of what they don't touch, unless
   * the gate has to be closed.
   */
  async manage<T>(caller: Actor, work: Work<T>): Promise<T> {
    const { rootOrganizationId } = caller;
    return this.turns.take(rootOrganizationId, () =>
      changeShared(
        this.dataSource,
        rootOrganizationId,
        async (tx) => work(tx, await this.accessTokens.hold(tx, caller)),
        (tx) => tx.query(TAKE_TURN, [MANAGEMENT_LOCK, rootOrganizationId]),
      ),
    );
  }

  /** Changes one token's row, if it is of the caller's organization. A caller may change its own. */
  async changeToken<T>(caller: Actor, tokenId: string, work: Work<T>): Promise<T> {
    const { rootOrganizationId, organizationId } = caller;
    return changeShared(this.dataSource, rootOrganizationId, async (tx) => {
      for (const id of [...new Set([caller.tokenId, tokenId])].toSorted()) {
        await lockToken(tx, { id, organizationId }, id === tokenId ? 'FOR NO KEY UPDATE' : 'FOR SHARE');
      }
      return work(tx, await this.accessTokens.hold(tx, caller));
    });
  }
}
