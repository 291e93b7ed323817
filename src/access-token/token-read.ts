import type { EntityManager } from 'typeorm';
import { arrayOf, lookUp, type Prepared, runPreparedAsText } from '../database/prepared.js';
import { TIMELINE } from '../revocation/log-read.js';
import { highestEpochOfTokenSql } from '../revocation/scope.js';
import { CompactState, type Standing, standingOf, type TokenState } from './compact-state.js';

/** SQL: whether the token itself or something that it rests on has ended for good, but for the epochs of its scopes. */
export const IS_DEAD = `(t.revoked_at IS NOT NULL OR i.deleted_at IS NOT NULL OR o.deleted_at IS NOT NULL
  OR root.deleted_at IS NOT NULL OR k.state = 'revoked' OR c.trusted_ips IS NULL)`;

export const IS_MEMBER = 'coalesce(m.is_active, false)';

const ENDS = '(extract(epoch FROM t.expires_at) * 1000)::float8';

/** One statement of primary-key lookups, for many tokens as for one. */
const READ: Prepared = {
  name: 'read_token_state',
  text: `
  SELECT asked.place, t.id, t.num_uses, t.num_uses_limit, ${ENDS}, ${IS_DEAD},
    t.epoch, coalesce(${highestEpochOfTokenSql('asked.kid')}, 0),
    t.identity_id, t.organization_id, o.root_id, t.auth_method, ${IS_MEMBER}, m.role, r.permissions,
    c.trusted_ips, ${TIMELINE}
  FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS asked(token_id, kid, place)
  JOIN access_token t ON t.id = asked.token_id
  JOIN identity i ON i.id = t.identity_id
  JOIN organization o ON o.id = t.organization_id
  JOIN organization root ON root.id = o.root_id
  JOIN signing_key k ON k.kid = asked.kid
  LEFT JOIN membership m ON m.organization_id = t.organization_id AND m.identity_id = t.identity_id
  LEFT JOIN role r ON r.id = m.role_id
  LEFT JOIN token_auth_config c ON c.identity_id = t.identity_id`,
};

/** How many columns of that row are the token's own, behind its place. */
const OWN = 7;

/** The rows of tokens that are all right by themselves and lie where they are said to. */
const READ_OWN: Prepared = {
  name: 'read_token_row',
  text: `
  SELECT asked.place, t.num_uses, t.num_uses_limit, ${ENDS}, (SELECT ${TIMELINE})
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[]) WITH ORDINALITY
    AS asked(token_id, identity_id, organization_id, auth_method, epoch, place)
  ${lookUp('t', 'SELECT * FROM access_token WHERE id = asked.token_id')}
  WHERE t.identity_id = asked.identity_id AND t.organization_id = asked.organization_id
    AND t.auth_method = asked.auth_method AND t.epoch >= asked.epoch AND t.revoked_at IS NULL`,
};

/** A token, and the key that signed the text which somebody has of it. */
export interface AskedToken {
  tokenId: string;
  kid: string;
}

/** What PostgreSQL knows of a token, and the highest epoch of the scopes that it lies in. */
export interface FoundToken {
  state: CompactState;
  highestEpoch: number;
}

/** A token of which all is known but its own row. */
export interface StandingToken {
  tokenId: string;
  standing: Standing;
  /** A token of a lower epoch is revoked. */
  highestEpoch: number;
}

/** The position of what is asked in a transaction, or for one deed: it is not to be believed again. */
const NOT_KEPT = -1;

/** What PostgreSQL knows of tokens now, in the order of the questions. Null where there is no such token. */
export async function readTokens(
  db: EntityManager,
  asked: readonly AskedToken[],
  position = NOT_KEPT,
): Promise<(FoundToken | null)[]> {
  const values = [arrayOf(asked.map(({ tokenId }) => tokenId)), arrayOf(asked.map(({ kid }) => kid))];
  const found: (FoundToken | null)[] = asked.map(() => null);
  for (const [place, ...row] of await runPreparedAsText(db, READ, values)) {
    const index = Number(place) - 1;
    found[index] = foundToken(row, asked[index]?.tokenId ?? '', position);
  }
  return found;
}

/** `asked` is the id that the caller has: one text does for both. */
function foundToken(row: readonly (string | null)[], asked: string, position: number): FoundToken {
  const [id, numUses, limit, ends, isDead, epoch, highest] = row;
  const highestEpoch = Number(highest);
  const isRevoked = isDead === 't' || highestEpoch > Number(epoch);
  const tokenId = id === asked ? asked : (id ?? '');
  const own = [tokenId, Number(numUses), Number(limit), Number(ends), isRevoked, position] as const;
  return { state: new CompactState(standingOf(row.slice(OWN)), ...own), highestEpoch };
}

/**
 * What PostgreSQL knows of tokens now whose standings are known, in the order of the questions. Null where it has to be
 * asked for everything: nothing is refused by what is known.
 */
export async function readStandingTokens(
  db: EntityManager,
  asked: readonly StandingToken[],
  position: number,
): Promise<(CompactState | null)[]> {
  const values = [
    arrayOf(asked.map(({ tokenId }) => tokenId)),
    arrayOf(asked.map(({ standing }) => standing.identityId)),
    arrayOf(asked.map(({ standing }) => standing.organizationId)),
    arrayOf(asked.map(({ standing }) => standing.authMethod)),
    arrayOf(asked.map(({ highestEpoch }) => highestEpoch)),
  ];
  const states: (CompactState | null)[] = asked.map(() => null);
  for (const [place, numUses, limit, ends, timeline] of await runPreparedAsText(db, READ_OWN, values)) {
    const index = Number(place) - 1;
    const { tokenId, standing } = asked[index] ?? {};
    if (tokenId === undefined || standing?.timeline !== timeline) continue;
    states[index] = new CompactState(standing, tokenId, Number(numUses), Number(limit), Number(ends), false, position);
  }
  return states;
}

/** What PostgreSQL knows of a token now; null where there is no such token. */
export async function readTokenState(db: EntityManager, tokenId: string, kid: string): Promise<TokenState | null> {
  const [found] = await readTokens(db, [{ tokenId, kid }]);
  return found?.state ?? null;
}
