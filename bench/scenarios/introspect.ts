import { Api } from '../api.js';
import { CONNECTIONS, load } from '../load.js';
import type { Extent } from '../plan.js';
import type { Sample, Scenario, Stage } from '../scenario.js';
import { forgeryOf, shareOf, shotOf } from '../shots.js';
import type { MadeToken } from '../token-maker.js';
import { expectTrue } from '../wrong-answer.js';

const FORGED = 4096;
const REVOKED = 1024;

/** Tokens that one question may be about. */
const BATCH = 100;

const isActive = (body: string): boolean => body.includes('"active":true');
const isInactive = (body: string): boolean => body.includes('"active":false');

/** A verifier asks whether tokens are good: known ones, ones that were never seen before, forged and revoked ones. */
export async function introspections(stage: Stage): Promise<Scenario[]> {
  const { lasting, maker, holder } = stage.world;
  const forged = lasting.flatMap((token) => Array.from({ length: FORGED / lasting.length }, () => forgeryOf(token)));
  const revoked = await maker.make(
    Array.from({ length: REVOKED }, () => holder),
    { isRevoked: true },
  );
  await rememberAll(stage, lasting);
  const { extent } = stage.extents;
  const always = (tokens: readonly MadeToken[], isRight: (body: string) => boolean) => () =>
    ask(stage, tokens, extent, isRight);
  return [
    { name: 'introspect, warm', unit: 'requests/s', measure: always(lasting, isActive) },
    { name: 'introspect, cold', unit: 'requests/s', measure: () => askFresh(stage) },
    { name: 'introspect, forged', unit: 'requests/s', measure: always(forged, isInactive) },
    { name: 'introspect, revoked', unit: 'requests/s', measure: always(revoked, isInactive) },
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

/** Each token is asked about once, by a replica that has never seen it. */
async function askFresh(stage: Stage): Promise<Sample> {
  const { world, extents } = stage;
  const fresh = await world.maker.make(Array.from({ length: extents.coldTokens }, () => world.holder));
  return ask(stage, fresh, { requests: extents.coldTokens }, isActive);
}

async function ask(
  { world, replica }: Stage,
  tokens: readonly MadeToken[],
  extent: Extent,
  isRight: (body: string) => boolean,
): Promise<Sample> {
  const asked = tokens.at(-1);
  const verifier = new Api(replica.origin, world.verifier.token);
  const answer = await verifier.post<{ active: boolean; jti?: string }>('/oauth2/introspect', { token: asked?.text });
  const isWhole = answer.active ? answer.jti === asked?.id : Object.keys(answer).length === 1;
  expectTrue(isWhole && isRight(JSON.stringify(answer)), `an introspection answered ${JSON.stringify(answer)}`);
  return load({
    server: replica,
    extent,
    shots: (connection) =>
      shareOf(tokens, connection, CONNECTIONS).map(({ text }) => shotOf.introspect(world.verifier, text)),
    isRight,
  });
}
