import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Authority } from '../access-token/authority.service.js';
import { AuditEvents } from '../audit-event/audit-events.service.js';
import { changesBetween } from '../audit-event/changes.js';
import { LookUps } from '../common/look-ups.js';
import { isUuid } from '../common/uuid.js';
import { AppConfig } from '../config/app-config.js';
import { DatabaseLimiter } from '../database/database-limiter.service.js';
import { AccessToken } from '../database/entities/access-token.entity.js';
import { MemberIdentities } from '../permission/member-identities.service.js';
import type { Actor } from '../permission/actor.js';
import type { Action } from '../permission/catalog.js';
import { Permissions } from '../permission/permissions.service.js';
import { RevocationLog } from '../revocation/revocation-log.service.js';
import { TokenNotFoundError } from './token-auth-errors.js';
import {
  type AskedRecord,
  listTokenRecords,
  type Page,
  readTokenRecord,
  readTokenRecords,
  type TokenRecord,
} from './token-records.js';

/** Reads the records of tokens that the caller's organization reaches, revoked and expired ones included. */
@Injectable()
export class TokenRecordReader {
  private readonly reads: LookUps<AskedRecord, TokenRecord | null>;

  constructor(
    private readonly dataSource: DataSource,
    private readonly identities: MemberIdentities,
    private readonly permissions: Permissions,
    config: AppConfig,
    private readonly limiter: DatabaseLimiter,
  ) {
    this.reads = new LookUps('records', config.DATABASE_POOL_SIZE, async (asked) =>
      readTokenRecords(this.dataSource.manager, asked),
    );
  }

  async list(actor: Actor, identityId: string, page: Page): Promise<TokenRecord[]> {
    const db = this.dataSource.manager;
    const identity = await this.identities.find(db, actor, identityId);
    this.permissions.check(actor, 'identity', 'get-token');
    return listTokenRecords(db, actor, identity, page);
  }

  async read(actor: Actor, tokenId: string): Promise<TokenRecord> {
    const record = found(await this.ask(actor, tokenId));
    this.permissions.check(actor, 'identity', 'get-token');
    return record;
  }

  /** The older spelling names the identity too, and then the two must belong together. */
  async readOf(actor: Actor, identityId: string, tokenId: string): Promise<TokenRecord> {
    const record = found(await this.ask(actor, tokenId));
    if (record.identityId !== identityId.toLowerCase()) throw new TokenNotFoundError();
    this.permissions.check(actor, 'identity', 'get-token');
    return record;
  }

  private async ask(actor: Actor, tokenId: string): Promise<TokenRecord | null> {
    if (!isUuid(tokenId)) return null;
    const { organizationId } = actor;
    return this.limiter.limitCaller('batch', actor, () => this.reads.ask({ organizationId, tokenId }));
  }
}

/** Renames and revokes tokens that the caller's organization reaches. */
@Injectable()
export class TokenRecordService {
  constructor(
    private readonly authority: Authority,
    private readonly permissions: Permissions,
    private readonly revocations: RevocationLog,
    private readonly auditEvents: AuditEvents,
  ) {}

  /** Without a name, or with the name that the token has, nothing changes and nothing is written. */
  async rename(caller: Actor, tokenId: string, name?: string): Promise<TokenRecord> {
    return this.change(caller, tokenId, 'create-token', async (tx, actor, record) => {
      await this.permissions.checkBoundaryEverywhere(tx, actor, record.identityId);
      if (name === undefined) return record;
      const changes = changesBetween({ name: record.name }, { name });
      if (!changes) return record;
      const { identityId, organizationId } = record;
      await tx.update(AccessToken, { id: tokenId }, { name, updatedAt: actor.request.now });
      const target = { identityId, tokenId, organizationId, changes };
      await this.auditEvents.recordTokenChange(tx, actor, 'update-token-identity-token-auth', target);
      return { ...record, name, updatedAt: actor.request.now };
    });
  }

  /** A second time changes nothing. No boundary: killing is the safe side. */
  async revoke(caller: Actor, tokenId: string): Promise<void> {
    await this.change(caller, tokenId, 'delete-token', async (tx, actor, record) => {
      if (record.revokedAt) return;
      const { identityId, organizationId, expiresAt } = record;
      await this.revocations.revokeToken(tx, { tokenId, organizationId, expiresAt }, 'revoked', actor.request.now);
      const target = { identityId, tokenId, organizationId };
      await this.auditEvents.recordTokenChange(tx, actor, 'revoke-token-identity-token-auth', target);
    });
  }

  private async change<T>(
    caller: Actor,
    tokenId: string,
    action: Action<'identity'>,
    work: (tx: EntityManager, actor: Actor, record: TokenRecord) => Promise<T>,
  ): Promise<T> {
    if (!isUuid(tokenId)) throw new TokenNotFoundError();
    return this.authority.changeToken(caller, tokenId, async (tx, actor) => {
      const record = found(await readTokenRecord(tx, actor.organizationId, tokenId));
      this.permissions.check(actor, 'identity', action);
      return work(tx, actor, record);
    });
  }
}

function found(record: TokenRecord | null): TokenRecord {
  if (!record) throw new TokenNotFoundError();
  return record;
}
