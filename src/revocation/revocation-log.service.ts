import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ScopeKey, TokenPlace } from './scope.js';
import { scopesOf } from './scope.js';

/** The longest that any token can live: ten years, in milliseconds. */
const LONGEST_LIFE_MS = 315_360_000_000;

/** Verifiers may be this far behind before an entry is of no use to them, in milliseconds. */
const MARGIN_MS = 300_000;

interface Entry extends ScopeKey {
  /** The organization that it concerns; null: all of them. */
  organizationId: string | null;
  now: Date;
}

/**
 * The append-only log of what is no longer to be believed. Every change that takes something away writes its entry
 * in its own transaction.
 */
@Injectable()
export class RevocationLog {
  /** One token is dead. Its own row says so too; the entry tells those who don't look there. */
  async revokeToken(
    tx: EntityManager,
    tokenId: string,
    expiresAt: Date,
    entry: Omit<Entry, keyof ScopeKey>,
  ): Promise<void> {
    await this.append(tx, 'revoked', { ...entry, scope: 'token', key: tokenId }, expiresAt);
  }

  /**
   * Ends every token of a scope with one entry, however many there are. The caller must have locked `FOR UPDATE`
   * the row that mints of this scope share, and must change or delete that row in the same transaction: so no mint
   * that saw a later number can have slipped in before it, and none that waited goes on.
   */
  async revokeScope(tx: EntityManager, entry: Entry): Promise<void> {
    const sequence = await this.append(tx, 'revoked', entry, new Date(entry.now.getTime() + LONGEST_LIFE_MS));
    await tx.query(
      `INSERT INTO epoch (scope, key, sequence) VALUES ($1, $2, $3)
       ON CONFLICT (scope, key) DO UPDATE SET sequence = greatest(epoch.sequence, excluded.sequence)`,
      [entry.scope, entry.key, sequence],
    );
  }

  /** What is known of the scope is to be asked anew; nothing is dead. */
  async noteChange(tx: EntityManager, entry: Entry): Promise<void> {
    await this.append(tx, 'changed', entry, entry.now);
  }

  /** The highest epoch among a token's scopes: what a token minted now carries. */
  async epochOf(tx: EntityManager, place: TokenPlace): Promise<number> {
    const scopes = scopesOf(place);
    const [row]: { epoch: string }[] = await tx.query(
      `SELECT coalesce(max(sequence), 0) AS epoch FROM epoch
       WHERE (scope, key) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
      [scopes.map(({ scope }) => scope), scopes.map(({ key }) => key)],
    );
    return Number(row?.epoch);
  }

  private async append(tx: EntityManager, effect: string, entry: Entry, latest: Date): Promise<string> {
    const [row]: { sequence: string }[] = await tx.query(
      `INSERT INTO revocation (transaction_id, effect, scope, key, organization_id, keep_until, created_at)
       VALUES (pg_current_xact_id()::text::bigint, $1, $2, $3, $4, $5, $6) RETURNING sequence`,
      [effect, entry.scope, entry.key, entry.organizationId, new Date(latest.getTime() + MARGIN_MS), entry.now],
    );
    if (!row) throw new Error('The revocation log took no entry');
    return row.sequence;
  }
}
