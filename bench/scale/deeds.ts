import type { ChildServer } from '../child-server.js';
import { load, type Shot } from '../load.js';
import type { Sample } from '../scenario.js';
import { shareOf, shotOf } from '../shots.js';
import type { World } from '../world.js';
import type { FilledToken, Kind } from './filled-tokens.js';
import type { Site } from './site.js';

/** Few, so that a request waits for its own work and not for others. */
const CONNECTIONS = 16;

/**
 * Cold introspections are over soonest, and uses are written once a second: whether that falls into a round would decide
 * what its slowest take.
 */
const COLD_FACTOR = 3;

/** What is done at each size, the same number of times. */
export interface Deed {
  name: string;
  measure: (site: Site, requests: number) => Promise<Sample>;
}

export const DEEDS: readonly Deed[] = [
  {
    name: 'mint',
    measure: ({ world, replica }, requests) =>
      send(
        replica,
        requests,
        world.minters.map((minter) => shotOf.mint(minter, minter.identityId)),
      ),
  },
  { name: 'introspect, cold', measure: sendAbout('any', introspectionOf, COLD_FACTOR) },
  { name: 'list', measure: sendAbout('root', ({ identityId }, { admin }) => shotOf.list(admin, identityId)) },
  { name: 'rename', measure: sendAbout('root', ({ id }, { admin }) => shotOf.rename(admin, id, `new ${id}`)) },
  { name: 'revoke', measure: sendAbout('doomed', ({ id }, { admin }) => shotOf.revoke(admin, id)) },
];

function introspectionOf({ id, identityId, organizationId, iat, exp }: FilledToken, world: World): Shot {
  const root = world.holder.organizationId;
  const parentOrganizationId = organizationId === root ? null : root;
  const holder = { identityId, organizationId, rootOrganizationId: root, parentOrganizationId };
  return shotOf.introspect(world.verifier, { id, text: world.maker.textOf(id, holder, { iat, exp }) });
}

/** One request about each token of a kind; so many times as many as are asked for. */
function sendAbout(kind: Kind, shot: (token: FilledToken, world: World) => Shot, factor = 1): Deed['measure'] {
  return async ({ replica, tokens, world }, requests) => {
    const taken = await tokens.take(factor * requests, kind);
    return send(
      replica,
      taken.length,
      taken.map((token) => shot(token, world)),
    );
  };
}

const send = (server: ChildServer, requests: number, shots: readonly Shot[]): Promise<Sample> =>
  load({
    server,
    connections: CONNECTIONS,
    extent: { requests },
    shots: (connection) => shareOf(shots, connection, CONNECTIONS),
  });
