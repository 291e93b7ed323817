import pg from 'pg';
import type { Extent } from '../plan.js';
import type { Sample } from '../scenario.js';
import { MINTERS } from '../world.js';
import { INSERT_AUDIT, INSERT_TOKEN, SELECT_CONFIG } from './floor-tables.js';

/** The same transactions as pgbench's, from this process, where pgbench is not to be had. It costs more than pgbench. */
export async function loopOverPg(url: string, clients: number, extent: Extent): Promise<Sample> {
  const connections = Array.from({ length: clients }, () => new pg.Client({ connectionString: url }));
  await Promise.all(connections.map((client) => client.connect()));
  try {
    const startedAt = performance.now();
    const isOver = (count: number): boolean =>
      'seconds' in extent ? performance.now() >= startedAt + extent.seconds * 1000 : count >= extent.requests / clients;
    const counts = await Promise.all(connections.map((client) => repeat(client, isOver)));
    const transactions = counts.reduce((sum, count) => sum + count, 0);
    const passed = performance.now() - startedAt;
    return { rate: (transactions * 1000) / passed, average: (passed * clients) / transactions };
  } finally {
    await Promise.all(connections.map((client) => client.end()));
  }
}

async function repeat(client: pg.Client, isOver: (count: number) => boolean): Promise<number> {
  let count = 0;
  while (!isOver(count)) {
    const values = [1 + Math.floor(Math.random() * MINTERS)];
    await client.query('BEGIN');
    await client.query({ name: 'select', text: SELECT_CONFIG, values });
    await client.query({ name: 'token', text: INSERT_TOKEN, values });
    await client.query({ name: 'audit', text: INSERT_AUDIT, values });
    await client.query('COMMIT');
    count += 1;
  }
  return count;
}
