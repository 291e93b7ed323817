import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { CONNECTIONS, load, type Shot } from '../load.js';
import type { Sample, Scenario, Stage } from '../scenario.js';
import { ISSUER } from '../service.js';
import { shareOf, shotOf } from '../shots.js';
import { expectTrue } from '../wrong-answer.js';

/** One answer in so many is looked at closely, after the round. */
const CLOSE_LOOK = 97;

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
  const texts: string[] = [];
  let seen = 0;
  const before = await countAtRest(stage);
  const result = await load({
    server: replica,
    extent: extents.extent,
    shots,
    isRight: (body) => {
      if (seen++ % CLOSE_LOOK === 0) texts.push((JSON.parse(body) as { accessToken: string }).accessToken);
      return body.includes('"accessToken":"eyJ') && body.includes('"tokenData":{');
    },
  });
  const after = await countRows(stage);
  // Those that were under way as the round ended may be written, or be still to come.
  const written = after.tokens - before.tokens;
  expectTrue(
    written >= result.answers && written <= result.answers + CONNECTIONS,
    `${result.answers} mints were acknowledged and ${written} tokens written`,
  );
  const audited = after.audits - before.audits;
  expectTrue(audited >= result.answers, `${result.answers} mints were acknowledged and ${audited} audited`);
  await lookClosely(stage, texts);
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

/** Texts are signed by a published key, no two are alike, and verifiers find them good. */
async function lookClosely({ world: { api } }: Stage, texts: readonly string[]): Promise<void> {
  const keys = createLocalJWKSet(await api.get<JSONWebKeySet>('/.well-known/jwks.json'));
  const ids = await Promise.all(
    texts.map(async (text) => {
      const { payload } = await jwtVerify(text, keys, { issuer: ISSUER, audience: ISSUER, typ: 'at+jwt' });
      return payload.jti;
    }),
  );
  expectTrue(ids.length > 0 && new Set(ids).size === ids.length, 'two mints gave the same token');
  for (const text of texts.slice(0, 20))
    expectTrue(await api.isActive(text), 'a token that was just minted is not good');
}
