import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { AuditEvents } from '../audit-event/audit-events.service.js';
import { BadRequestError } from '../common/errors/app-error.js';
import type { RequestContext } from '../common/http/request-context.js';
import { SigningKey } from '../database/entities/signing-key.entity.js';
import { claimAnew, readClaim } from '../revocation/database-claim.js';
import { RevocationLog } from '../revocation/revocation-log.service.js';
import { WHOLE_INSTANCE } from '../revocation/scope.js';
import { type KeyChange, KeyLifecycle } from './signing-key/key-lifecycle.service.js';
import { type ActiveKey, type KeyAlgorithm, makeKey } from './signing-key/key-material.js';
import { SigningKeys } from './signing-key/signing-keys.service.js';

const NOTHING_DETECTED =
  'Nothing says that this database was restored, or the restore was accepted already; nothing was done. ' +
  'If you know better, say so with --undetected: every token and every signing key ends';

interface RestoreOptions {
  isUndetected: boolean;
  /** Makes the new key though `KEY_ENCRYPTION_KEYS` opens none of the stored ones. */
  areEncryptionKeysLost?: boolean;
}

/** What accepting a restore came to. */
export interface AcceptedRestore {
  /** Whether the service had noticed the restore by itself. */
  wasDetected: boolean;
  /** How many keys were ended. */
  revokedKeys: number;
  /** The key that signs from now on. */
  active: SigningKey;
}

/**
 * Lets a database be believed again that may be an older state of itself. What was revoked since that state can't be
 * known, and neither can which keys were made or stolen: so all tokens end, and all keys.
 */
@Injectable()
export class Restore {
  constructor(
    private readonly keys: SigningKeys,
    private readonly lifecycle: KeyLifecycle,
    private readonly revocations: RevocationLog,
    private readonly auditEvents: AuditEvents,
  ) {}

  /**
   * Replicas that run see the new incarnation and go on. Of two at once, the second finds that it is done. Refuses where
   * the stored keys do not open here, unless the key-encryption keys are lost.
   */
  async accept(options: RestoreOptions, request: RequestContext): Promise<AcceptedRestore> {
    const former = this.keys.known().find(({ state }) => state === 'active');
    const made = await makeKey((former?.algorithm as KeyAlgorithm | undefined) ?? 'ES256');
    const accepted = await this.lifecycle.changeInstance(request, (change) => this.beginAnew(change, made, options));
    await this.keys.load();
    return accepted;
  }

  /** The tokens' own entries may be lost, and so may the keys' rows: one entry and a new set of keys end them all. */
  private async beginAnew(
    change: KeyChange,
    made: ActiveKey,
    { isUndetected, areEncryptionKeysLost = false }: RestoreOptions,
  ): Promise<AcceptedRestore> {
    const { tx, actor, now } = change;
    const claim = await readClaim(tx);
    const wasDetected = claim.isElsewhere;
    if (!wasDetected && !isUndetected) throw new BadRequestError(NOTHING_DETECTED);
    const like = areEncryptionKeysLost ? undefined : await this.lifecycle.sealingReference(change);
    await claimAnew(tx, claim, now);
    await this.revocations.revokeScope(tx, { ...WHOLE_INSTANCE, organizationId: null, now });
    const former = await tx.findBy(SigningKey, { state: In(['next', 'active', 'retiring']) });
    for (const key of former) await this.lifecycle.revoke(change, key);
    const active = await this.lifecycle.add(change, made, 'active', like);
    const outcome = { wasDetected, revokedKeys: former.length };
    await this.auditEvents.record(tx, actor, 'accept-restore', { details: { ...outcome, kid: active.kid } });
    return { ...outcome, active };
  }
}
