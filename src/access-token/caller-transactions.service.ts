import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { DatabaseLimiter, type LimitedCaller } from '../database/database-limiter.service.js';
import { inTransaction } from '../database/transaction.js';
import { changeShared } from './gate.js';

type Work<T> = (tx: EntityManager) => Promise<T>;

/** Opens transactions on behalf of a caller, within the limits of its database work. */
@Injectable()
export class CallerTransactions {
  constructor(
    private readonly dataSource: DataSource,
    private readonly limiter: DatabaseLimiter,
  ) {}

  /** Runs `work` in a transaction. */
  run<T>(caller: LimitedCaller, work: Work<T>): Promise<T> {
    return this.limiter.run('change', caller, () => inTransaction(this.dataSource, work));
  }

  /** Runs `work`, which changes rows that mints lock as well, in a transaction. */
  changeShared<T>(caller: LimitedCaller, rootOrganizationId: string, work: Work<T>): Promise<T> {
    return this.limiter.run('change', caller, () => changeShared(this.dataSource, rootOrganizationId, work));
  }
}
