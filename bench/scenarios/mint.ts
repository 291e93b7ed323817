import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { CONNECTIONS, load, type Shot } from '../load.js';
import type { Sample, Scenario, Stage } from '../scenario.js';
import { ISSUER } from '../service.js';
import { shareOf, shotOf } from '../shots.js';
import { expectTrue } from '../wrong-answer.js';

/** One answer in so many is looked at closely, after the round. */
const CLOSE_LOOK = 97;

interface Minted {
  accessToken: string;
  tokenData: { id: string; identityId: string };
}

/** How fast tokens come: durable, audited, each with a signature of its own. */
export function mints(stage: Stage): Record<'byOne' | 'byMany', Scenario> {
  const { admin, holder, minters } = stage.world;
  const ofOne = (): Shot[] => [shotOf.mint(admin, holder.identityId)];
  const ofMany = (connection: number): Shot[] =>
    shareOf(minters, connection).map((minter) => shotOf.mint(minter, minter.identityId));
  return {
    byOne: { name: 'mint, one caller', unit: 'tokens/s', measure: () => measure(stage, ofOne) },
    byMany: { name: 'mint, 500 identities', unit: 'tokens/s', measure: () => measure(stage, ofMany) },
  };
}

async function measure(stage: Stage, shots: (connection: number) => Shot[]): Promise<Sample> {
  const { replica, extents } = stage;
  const bodies: string[] = [];
  let seen = 0;
  const keepSome = ({ isRight, ...shot }: Shot): Shot => ({
    ...shot,
    isRight: (body) => {
      if (seen++ % CLOSE_LOOK === 0) bodies.push(body);
      return isRight(body);
    },
  });
  const before = await countAtRest(stage);
  const result = await load({
    server: replica,
    extent: extents.extent,
    shots: (connection) => shots(connection).map(keepSome),
  });
  const after = await countRows(stage);
  // Those that were under way as the round ended may be written, or be still to come.
  const written = after.tokens - before.tokens;
  expectTrue(
    written >= result.answers && written <= result.answers + CONNECTIONS,
    `${result.answers} mints were acknowledged and ${written} tokens written`,
  );
  const audited = after.audits - before.audits;
  expectTrue(audited === written, `${written} tokens were written and ${audited} audited`);
  await lookClosely(stage, bodies);
  return result;
}

/** What was under way as the scenario before ended is written first, and is none of this one's mints. */
async function countAtRest(stage: Stage): ReturnType<typeof countRows> {
  for (let before = await countRows(stage); ;) {
    const now = await countRows(stage);
    if (now.tokens === before.tokens) return now;
    before = now;
  }
}

async function countRows({ database }: Stage): Promise<{ tokens: number; audits: number }> {
  const [row] = await database.query<{ tokens: number; audits: number }>(`
    SELECT (SELECT count(*) FROM access_token)::float8 AS tokens,
      (SELECT count(*) FROM audit_event WHERE event = 'create-token-identity-token-auth')::float8 AS audits`);
  return row ?? { tokens: 0, audits: 0 };
}

/** Texts are signed by a published key and of the record beside them, no two are alike, and verifiers find them good. */
async function lookClosely({ world: { api } }: Stage, bodies: readonly string[]): Promise<void> {
  const keys = createLocalJWKSet(await api.get<JSONWebKeySet>('/.well-known/jwks.json'));
  const minted = bodies.map((body) => JSON.parse(body) as Minted);
  for (const { accessToken, tokenData } of minted) {
    const { payload } = await jwtVerify(accessToken, keys, { issuer: ISSUER, audience: ISSUER, typ: 'at+jwt' });
    const isOfRecord = payload.jti === tokenData.id && payload.sub === tokenData.identityId;
    expectTrue(isOfRecord, 'a minted text is of another token than the record beside it');
  }
  const ids = new Set(minted.map(({ tokenData }) => tokenData.id));
  expectTrue(ids.size > 0 && ids.size === minted.length, 'two mints gave the same token');
  for (const { accessToken } of minted.slice(0, 20))
    expectTrue(await api.isActive(accessToken), 'a token that was just minted is not good');
}
