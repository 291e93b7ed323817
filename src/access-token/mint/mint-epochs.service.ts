import { Injectable } from '@nestjs/common';
import type { LRUCache } from 'lru-cache';
import { DataSource } from 'typeorm';
import { leastRecent } from '../../common/least-recent.js';
import { AppConfig } from '../../config/app-config.js';
import { DatabaseLimiter, type LimitedCaller } from '../../database/database-limiter.service.js';
import { RevocationLog } from '../../revocation/revocation-log.service.js';
import type { TokenPlace } from '../../revocation/scope.js';

/**
 * The epochs that new tokens begin with. One that is remembered may be too low, never too high: then the statement that
 * writes finds a revocation above it, and the mint is judged again.
 */
@Injectable()
export class MintEpochs {
  private readonly remembered: LRUCache<string, number>;

  constructor(
    private readonly dataSource: DataSource,
    private readonly revocations: RevocationLog,
    config: AppConfig,
    private readonly limiter: DatabaseLimiter,
  ) {
    this.remembered = leastRecent(config.VERDICT_CACHE_SIZE);
  }

  /** The highest sequence among the scopes of a place; from PostgreSQL unless memory will do and knows. */
  async of(place: TokenPlace, { fromMemory }: { fromMemory: boolean }, caller: LimitedCaller): Promise<number> {
    const { identityId, organizationId, authMethod, kid } = place;
    const name = `${identityId} ${organizationId} ${authMethod} ${kid}`;
    const known = fromMemory ? this.remembered.get(name) : undefined;
    if (known !== undefined) return known;
    const load = () => this.revocations.epochOf(this.dataSource.manager, place);
    const epoch = await this.limiter.run('read', caller, load);
    this.remembered.set(name, epoch);
    return epoch;
  }
}
