import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { SigningKeys } from '../access-token/signing-key/signing-keys.service.js';
import { missingFrom } from '../database/migrate.js';
import { poolUse } from '../database/pool.js';
import { RevocationReader } from '../revocation/revocation-reader.service.js';
import type { HealthCheck } from './health-source.js';

/** Milliseconds; a probe waits for a second. */
const PATIENCE_MS = 900;

/** Whether this replica can verify tokens, and change what there is. */
@Injectable()
export class Readiness {
  /** As it was when last asked; null when that failed. */
  private missingMigrations: string[] | null = null;

  constructor(
    private readonly dataSource: DataSource,
    private readonly reader: RevocationReader,
    private readonly keys: SigningKeys,
  ) {}

  async check(): Promise<HealthCheck[]> {
    const [isFresh, isReachable] = await Promise.all([this.isFresh(), this.isReachable()]);
    const missing = isReachable ? this.missingMigrations : null;
    return [
      { name: 'database', problem: isReachable ? null : 'out of reach or too slow' },
      { name: 'feed', problem: isFresh ? null : 'the revocation log is not read, or not to be believed' },
      { name: 'keys', problem: this.keys.canVerify ? null : 'no signing keys are loaded' },
      { name: 'migrations', problem: schemaProblem(missing) },
    ];
  }

  private async isFresh(): Promise<boolean> {
    return isDoneInTime(this.reader.freshen());
  }

  /**
   * A pool that is busy to the last connection proves no outage, and a replica that is taken away for it makes the
   * others busier: then the log's own connection tells whether the database answers.
   */
  private async isReachable(): Promise<boolean> {
    if (poolUse(this.dataSource).waiting > 0) return this.isFresh();
    return isDoneInTime(this.askDatabase());
  }

  private async askDatabase(): Promise<void> {
    this.missingMigrations = await missingFrom(this.dataSource);
  }
}

function schemaProblem(missing: readonly string[] | null): string | null {
  if (missing === null) return 'the schema is not known, for the database did not tell';
  return missing.length === 0 ? null : `the schema is behind this version: ${missing.join(', ')} missing`;
}

async function isDoneInTime(work: Promise<void>): Promise<boolean> {
  const done = work.then(
    () => true,
    () => false,
  );
  return Promise.race([done, sleep(PATIENCE_MS, false, { ref: false })]);
}
