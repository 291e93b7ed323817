import { randomBytes } from 'node:crypto';
import { CONNECTIONS, load } from '../load.js';
import type { Sample, Scenario, Stage } from '../scenario.js';
import { shareOf, shotOf } from '../shots.js';
import type { MadeToken } from '../token-maker.js';
import { expectTrue } from '../wrong-answer.js';

const FORGED = 4096;
const REVOKED = 1024;

const isActive = (body: string): boolean => body.includes('"active":true');
const isInactive = (body: string): boolean => body.includes('"active":false');

/** A verifier asks whether tokens are good: known ones, ones that were never seen before, forged and revoked ones. */
export async function introspections(stage: Stage): Promise<Scenario[]> {
  const { lasting, maker, holder } = stage.world;
  const forged = lasting.flatMap((token) => Array.from({ length: FORGED / lasting.length }, () => forgery(token)));
  const revoked = await maker.make(
    Array.from({ length: REVOKED }, () => holder),
    { isRevoked: true },
  );
  const { seconds } = stage.extents;
  const always = (tokens: readonly MadeToken[], isRight: (body: string) => boolean) => () =>
    ask(stage, tokens, { seconds }, isRight);
  return [
    { name: 'introspect, warm', unit: 'requests/s', measure: always(lasting, isActive) },
    { name: 'introspect, cold', unit: 'requests/s', measure: () => askFresh(stage) },
    { name: 'introspect, forged', unit: 'requests/s', measure: always(forged, isInactive) },
    { name: 'introspect, revoked', unit: 'requests/s', measure: always(revoked, isInactive) },
  ];
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
  extent: { seconds: number } | { requests: number },
  isRight: (body: string) => boolean,
): Promise<Sample> {
  const [first] = tokens;
  const answer = await world.api.ask<{ active: boolean; jti?: string }>(
    'POST',
    '/oauth2/introspect',
    { token: tokens.at(-1)?.text },
    world.verifier.token,
  );
  const isWhole = answer.body.active ? answer.body.jti === tokens.at(-1)?.id : Object.keys(answer.body).length === 1;
  expectTrue(first !== undefined && isWhole, `an introspection answered ${JSON.stringify(answer.body)}`);
  return load({
    origin: replica.origin,
    extent,
    shots: (connection) =>
      shareOf(tokens, connection, CONNECTIONS).map(({ text }) => shotOf.introspect(world.verifier, text)),
    isRight,
  });
}

/** A text that differs from a good one in its signature alone. */
const forgery = ({ id, text }: MadeToken): MadeToken => ({
  id,
  text: `${text.slice(0, text.lastIndexOf('.'))}.${randomBytes(64).toString('base64url')}`,
});
