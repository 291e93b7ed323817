import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { InjectBackgroundDataSource } from '../database/background-data-source.js';
import { AccessToken } from '../database/entities/access-token.entity.js';
import { type Prepared, runPrepared } from '../database/prepared.js';
import { afterCommit } from '../database/transaction.js';
import { HINTS } from './log-connection.js';
import type { RevocationEffect } from './log-read.js';
import { RevocationReader } from './revocation-reader.service.js';
import type { ScopeKey, TokenPlace } from './scope.js';
import { highestEpochSql, IDENTITY_SCOPES, nameOf } from './scope.js';
import { readTokenOrganizations } from './token-organizations.js';

/** Verifiers may be this far behind before an entry is of no use to them, in milliseconds. */
const MARGIN_MS = 300_000;

/** What the log has to know of a token that ends. */
type OneToken = Pick<AccessToken, 'organizationId' | 'expiresAt'> & { tokenId: string };

interface Entry extends ScopeKey {
  /** The organization that it concerns; null: all of them. */
  organizationId: string | null;
  now: Date;
}

/**
 * The latest end of any token that the entry concerns. It finds one index entry, however many tokens there are. Texts
 * that are signed later know of the change, and so do tokens that are minted later.
 */
const LATEST_END = `
  SELECT greatest($2, CASE WHEN $1::uuid IS NULL
    THEN (SELECT max(expires_at) FROM access_token)
    ELSE (SELECT max(expires_at) FROM access_token WHERE identity_id = $1) END) AS latest`;

/** Of all scopes that a token would lie in. */
const LATEST_EPOCH: Prepared = {
  name: 'read_latest_epoch',
  text: `SELECT coalesce(${highestEpochSql({
    identityId: '$1::text',
    authMethod: '$2::text',
    organizationId: '$3::text',
    rootOrganizationId: '$4::text',
    kid: '$5::text',
  })}, 0) AS epoch`,
};

/**
 * The append-only log of what is no longer to be believed. Every change that takes something away writes its entry
 * in its own transaction. Once that is committed, this replica knows at once, and the others get a hint to look.
 */
@Injectable()
export class RevocationLog {
  private hint: 'none' | 'sent' | 'wanted' = 'none';

  constructor(
    @InjectBackgroundDataSource() private readonly background: DataSource,
    private readonly reader: RevocationReader,
  ) {}

  /** Ends one token, whose row the transaction has locked: the row says so, and the entry tells those who don't look there. */
  async revokeToken(
    tx: EntityManager,
    { tokenId, organizationId, expiresAt }: OneToken,
    revokedReason: string,
    now: Date,
  ): Promise<void> {
    await tx.update(AccessToken, { id: tokenId }, { revokedAt: now, revokedReason, updatedAt: now });
    await this.append(tx, 'revoked', { scope: 'token', key: tokenId, organizationId, now }, expiresAt);
  }

  /**
   * Ends every token of a scope with one entry, however many there are. The caller must have locked the row that mints
   * of this scope share, `FOR UPDATE` or with its table, and must change or delete that row in the same transaction: so
   * no mint that saw a later number can have slipped in before it, and none that waited goes on.
   */
  async revokeScope(tx: EntityManager, entry: Entry): Promise<void> {
    const sequence = await this.append(tx, 'revoked', entry, await latestEnd(tx, entry));
    await tx.query(
      `INSERT INTO epoch (scope, key, sequence) VALUES ($1, $2, $3)
       ON CONFLICT (scope, key) DO UPDATE SET sequence = greatest(epoch.sequence, excluded.sequence)`,
      [entry.scope, entry.key, sequence],
    );
  }

  /** What is known of the scope is to be asked anew; nothing is dead. */
  async noteChange(tx: EntityManager, entry: Entry): Promise<void> {
    await this.append(tx, 'changed', entry, await latestEnd(tx, entry));
  }

  /** The highest epoch among a token's scopes: what a token minted now carries. */
  async epochOf(tx: EntityManager, place: TokenPlace): Promise<number> {
    const { identityId, authMethod, organizationId, rootOrganizationId, kid } = place;
    const values = [identityId, authMethod, organizationId, rootOrganizationId, kid];
    const [row] = await runPrepared<{ epoch: string }>(tx, LATEST_EPOCH, values);
    this.reader.checkTrust();
    return Number(row?.epoch);
  }

  private async append(tx: EntityManager, effect: RevocationEffect, entry: Entry, latest: Date): Promise<string> {
    const { scope, key, organizationId, now } = entry;
    const tokenOrganizationIds = IDENTITY_SCOPES.includes(scope)
      ? await readTokenOrganizations(tx, nameOf(entry))
      : null;
    const keepUntil = new Date(latest.getTime() + MARGIN_MS);
    const [row]: { sequence: string }[] = await tx.query(
      `INSERT INTO revocation
         (transaction_id, effect, scope, key, organization_id, token_organization_ids, keep_until, created_at)
       VALUES (pg_current_xact_id()::text::bigint, $1, $2, $3, $4, $5, $6, $7) RETURNING sequence`,
      [effect, scope, key, organizationId, tokenOrganizationIds, keepUntil, now],
    );
    if (!row) throw new Error('The revocation log took no entry');
    afterCommit(tx, () => {
      this.reader.apply([entry]);
      void this.sendHint();
    });
    return row.sequence;
  }

  /**
   * An empty NOTIFY after the commit, never in it: notifications commit one by one, and would make changes queue.
   * One that is lost costs nothing but the wait for the next read.
   */
  private async sendHint(): Promise<void> {
    if (this.hint !== 'none') {
      this.hint = 'wanted';
      return;
    }
    do {
      this.hint = 'sent';
      await this.background.query(`NOTIFY ${HINTS}`).catch(() => undefined);
    } while (this.isWanted());
    this.hint = 'none';
  }

  private isWanted(): boolean {
    return this.hint === 'wanted';
  }
}

/** The end of all tokens that a wide entry can concern; those of one identity are told apart from all others. */
async function latestEnd(tx: EntityManager, { scope, key, now }: Entry): Promise<Date> {
  const identityId = scope.startsWith('identity') ? nameOf({ key }) : null;
  const [row]: { latest: Date }[] = await tx.query(LATEST_END, [identityId, now]);
  return row?.latest ?? now;
}
