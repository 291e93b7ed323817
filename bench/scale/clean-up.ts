import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from '../child-server.js';
import type { BenchDatabase } from '../database.js';
import type { Figure } from '../scenario.js';
import { median } from '../statistics.js';
import { expectTrue } from '../wrong-answer.js';
import { DEEDS } from './deeds.js';
import { fillExpired } from './filler.js';
import type { ScaleOptions } from './options.js';
import type { Site } from './site.js';

const UNDER_LOAD = DEEDS.filter(({ name }) => name === 'mint' || name === 'introspect, cold');

/** An hour for a million rows is long enough for any machine. */
const PATIENCE_MS = 3_600_000;

/** Removes expired tokens while others mint and ask; tells what they notice, and whether the table keeps its size. */
export async function cleanUp(site: Site, { expired, requests, rounds }: ScaleOptions): Promise<Figure[]> {
  const { database } = site;
  await fillExpired(database, expired);
  await database.query('VACUUM (ANALYZE) access_token');
  const sizeBefore = await sizeOf(database);
  const before = await loadOnce(site, requests, rounds);
  const during: Map<string, number[]> = new Map();
  const startedAt = performance.now();
  const cleaning = new AbortController();
  const cleaned = clean(site).finally(() => cleaning.abort());
  while (!cleaning.signal.aborted) await loadOnce(site, requests, 1, during);
  await cleaned;
  const seconds = (performance.now() - startedAt) / 1000;
  const left = await database.count(`access_token WHERE name = 'expired'`);
  expectTrue(left === 0, `${left} tokens are still there that have expired`);
  // What autovacuum does on its own in time. Then as many rows as have left find room where they were.
  await database.query('VACUUM (ANALYZE) access_token');
  await fillExpired(database, expired);
  const sizeAfter = await sizeOf(database);
  return [
    { name: 'clean-up under load', unit: 'rows/s', values: [expired / seconds] },
    ...UNDER_LOAD.map(({ name }) => ({
      name: `${name}, p99 during clean-up against before`,
      unit: '×',
      values: [median(during.get(name) ?? []) / median(before.get(name) ?? [])],
    })),
    { name: 'table and indexes, refilled after clean-up against before', unit: '×', values: [sizeAfter / sizeBefore] },
  ];
}

async function loadOnce(
  site: Site,
  requests: number,
  rounds: number,
  times: Map<string, number[]> = new Map(),
): Promise<Map<string, number[]>> {
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, measure } of UNDER_LOAD) {
      const { p99 = Number.NaN } = await measure(site, requests);
      times.set(name, [...(times.get(name) ?? []), p99]);
    }
  }
  return times;
}

async function clean({ setting }: Site): Promise<void> {
  await promisify(execFile)(process.execPath, ['dist/bench/scale/cleaner.js'], {
    cwd: PROJECT_ROOT,
    env: setting.environment,
    timeout: PATIENCE_MS,
  });
}

async function sizeOf(database: BenchDatabase): Promise<number> {
  const [row] = await database.query<{ bytes: number }>(
    `SELECT pg_total_relation_size('access_token')::float8 AS bytes`,
  );
  return row?.bytes ?? 0;
}
