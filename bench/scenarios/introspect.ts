import { Api } from '../api.js';
import { load } from '../load.js';
import type { Extent } from '../plan.js';
import type { Sample, Scenario, Stage } from '../scenario.js';
import { forgeryOf, shareOf, shotOf } from '../shots.js';
import { type MadeToken, spread } from '../token-maker.js';
import { expectTrue } from '../wrong-answer.js';

const FORGED = 4096;
const REVOKED = 1024;

/** Tokens that one question may be about. */
const BATCH = 100;

/** A verifier asks whether tokens are good: known ones, ones that were never seen before, forged and revoked ones. */
export async function introspections(stage: Stage): Promise<Scenario[]> {
  const { lasting, maker, holder } = stage.world;
  const forged = lasting.flatMap((token) => Array.from({ length: FORGED / lasting.length }, () => forgeryOf(token)));
  const revoked = await maker.make(spread([holder], REVOKED), { isRevoked: true });
  await rememberAll(stage, lasting);
  const { extent } = stage.extents;
  const { introspect, introspectDead } = shotOf;
  const always = (tokens: readonly MadeToken[], shot: Question) => () => ask(stage, tokens, extent, shot);
  return [
    { name: 'introspect, warm', unit: 'requests/s', measure: always(lasting, introspect) },
    { name: 'introspect, cold', unit: 'requests/s', measure: () => askFresh(stage) },
    { name: 'introspect, forged', unit: 'requests/s', measure: always(forged, introspectDead) },
    { name: 'introspect, revoked', unit: 'requests/s', measure: always(revoked, introspectDead) },
  ];
}

/** Lets the replica that is measured find each token good once, so that it knows them all. */
export async function rememberAll({ world, replica }: Stage, tokens: readonly MadeToken[]): Promise<void> {
  const api = new Api(replica.origin, world.verifier.token);
  for (let from = 0; from < tokens.length; from += BATCH) {
    const batch = tokens.slice(from, from + BATCH).map(({ text }) => ({ token: text }));
    const { results } = await api.post<{ results: { active: boolean }[] }>('/oauth2/introspect/batch', {
      tokens: batch,
    });
    expectTrue(results.length === batch.length && results.every(({ active }) => active), 'a good token is not active');
  }
}

/** Each token is asked about once, by a replica that has never seen it, but others of its identity. */
async function askFresh(stage: Stage): Promise<Sample> {
  const { world, extents } = stage;
  const fresh = await world.maker.make(spread(world.minters, extents.coldTokens));
  return ask(stage, fresh, { requests: extents.coldTokens }, shotOf.introspect);
}

type Question = typeof shotOf.introspect;

const ask = (
  { world, replica }: Stage,
  tokens: readonly MadeToken[],
  extent: Extent,
  shot: Question,
): Promise<Sample> =>
  load({
    server: replica,
    extent,
    shots: (connection) => shareOf(tokens, connection).map((token) => shot(world.verifier, token)),
  });
