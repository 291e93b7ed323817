import type { ChildServer } from '../child-server.js';
import { load, type Shot } from '../load.js';
import type { Scenario, Stage } from '../scenario.js';

const SMALL: Shot = {
  method: 'POST',
  path: '/',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ token: 'small' }),
  isRight: (body) => body.includes('"active":true'),
};

/** What the bars are held against. */
export interface Floors {
  /** HTTP alone, and Nest alone. */
  servers: Scenario[];
  /** PostgreSQL alone. */
  transactions: Scenario;
}

export function floors({ bareFastify, bareNest, pgbench, extents }: Stage): Floors {
  const bare = (server: ChildServer) => () => load({ server, extent: extents.extent, shots: () => [SMALL] });
  return {
    servers: [
      { name: 'bare Nest', unit: 'requests/s', measure: bare(bareNest) },
      { name: 'bare Fastify', unit: 'requests/s', measure: bare(bareFastify) },
    ],
    transactions: {
      name: 'pgbench',
      unit: 'transactions/s',
      measure: () => pgbench.measure(extents.extent),
    },
  };
}
