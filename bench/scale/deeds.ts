import type { ChildServer } from '../child-server.js';
import { load, type Shot } from '../load.js';
import type { Sample } from '../scenario.js';
import { shareOf, shotOf } from '../shots.js';
import { type FilledToken, sample } from './filler.js';
import type { Site } from './site.js';

/** Few, so that a request waits for its own work and not for others. */
const CONNECTIONS = 16;

/** What is done at each size, the same number of times. */
export interface Deed {
  name: string;
  measure: (site: Site, requests: number) => Promise<Sample>;
}

export const DEEDS: readonly Deed[] = [
  {
    name: 'mint',
    measure: ({ world, replica }, requests) =>
      send(replica, requests, world.minters, (minter) => shotOf.mint(minter, minter.identityId), '"accessToken":"eyJ'),
  },
  {
    name: 'introspect, cold',
    measure: async (site, requests) => {
      const { world, replica } = site;
      const tokens = await sample(site, requests, 'any');
      return send(
        replica,
        requests,
        tokens,
        (token) => shotOf.introspect(world.verifier, textOf(world, token)),
        '"active":true',
      );
    },
  },
  {
    name: 'list',
    measure: async (site, requests) => {
      const { world, replica } = site;
      const tokens = await sample(site, requests, 'root');
      return send(replica, requests, tokens, (token) => shotOf.list(world.admin, token.identityId), '"tokens":[{');
    },
  },
  {
    name: 'rename',
    measure: async (site, requests) => {
      const { world, replica } = site;
      const tokens = await sample(site, requests, 'root');
      return send(replica, requests, tokens, ({ id }) => shotOf.rename(world.admin, id, `new ${id}`), '"name":"new ');
    },
  },
  {
    name: 'revoke',
    measure: async (site, requests) => {
      const { world, replica } = site;
      const tokens = await sample(site, requests, 'doomed');
      return send(replica, requests, tokens, ({ id }) => shotOf.revoke(world.admin, id), '"message":');
    },
  },
];

const textOf = (
  { maker, holder }: Site['world'],
  { id, identityId, organizationId, iat, exp }: FilledToken,
): string => {
  const { organizationId: root } = holder;
  const parentOrganizationId = organizationId === root ? null : root;
  return maker.textOf(id, { identityId, organizationId, rootOrganizationId: root, parentOrganizationId }, { iat, exp });
};

const send = <T>(
  server: ChildServer,
  requests: number,
  things: readonly T[],
  shot: (thing: T) => Shot,
  expected: string,
): Promise<Sample> =>
  load({
    server,
    connections: CONNECTIONS,
    extent: { requests },
    shots: (connection) => shareOf(things, connection, CONNECTIONS).map(shot),
    isRight: (body) => body.includes(expected),
  });
