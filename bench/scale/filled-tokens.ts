import type { BenchDatabase } from '../database.js';

/** A token that was filled in. */
export interface FilledToken {
  id: string;
  identityId: string;
  organizationId: string;
  iat: number;
  exp: number;
}

/** Which tokens: of any organization; of the root alone; or those of the root that may be revoked. */
export type Kind = 'any' | 'root' | 'doomed';

/** Every other identity works in the root, so every other token does; every fourth is there to be revoked. */
const OFFSETS: Record<Kind, readonly number[]> = { any: [1, 2, 3], root: [2], doomed: [0] };

/** Tokens that stand side by side; each kind has its own of them. */
const GROUP = 4;

/** How many tokens of so many may be revoked. */
export const doomedOf = (size: number): number => Math.floor(size / GROUP);

/** Where each kind begins, as a share of all, so that none finds the pages that another one has just read. */
const BEGINNINGS: Record<Kind, number> = { any: 0, root: 1 / 3, doomed: 2 / 3 };

const GOLDEN_RATIO = 0.618;

const commonDivisor = (one: number, other: number): number => (other === 0 ? one : commonDivisor(other, one % other));

/** Tokens of those that were filled in: each once before any comes again, one far from the other. */
export class FilledTokens {
  private readonly groups: number;
  private readonly step: number;
  private readonly taken: Record<Kind, number> = { any: 0, root: 0, doomed: 0 };

  constructor(
    private readonly database: BenchDatabase,
    size: number,
  ) {
    this.groups = doomedOf(size);
    this.step = Math.max(1, Math.round(this.groups * GOLDEN_RATIO));
    while (commonDivisor(this.step, this.groups) > 1) this.step += 1;
  }

  async take(count: number, kind: Kind): Promise<FilledToken[]> {
    const numbers = Array.from({ length: count }, () => this.next(kind));
    return this.database.query<FilledToken>(
      `SELECT t.id, t.identity_id AS "identityId", t.organization_id AS "organizationId",
         floor(extract(epoch FROM t.created_at))::float8 AS iat, floor(extract(epoch FROM t.expires_at))::float8 AS exp
       FROM unnest($1::bigint[]) AS n JOIN access_token t ON t.id = fill.token_id(n)`,
      [numbers],
    );
  }

  private next(kind: Kind): number {
    const offsets = OFFSETS[kind];
    const turn = this.taken[kind]++;
    const [place, lap] = [turn % this.groups, Math.floor(turn / this.groups)];
    const rank = place + Math.floor(this.groups * BEGINNINGS[kind]);
    return ((rank * this.step) % this.groups) * GROUP + (offsets[(place + lap) % offsets.length] ?? 0);
  }
}
