import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ChildServer } from '../child-server.js';
import type { Figure, Stage } from '../scenario.js';
import { type MadeToken, spread } from '../token-maker.js';
import { rememberAll } from './introspect.js';

/** Lets what the last requests left be collected, as far as it will without more of them. */
const REST_MS = 2000;

const MEBIBYTE_KB = 1024;

/** What replicas that just started take, and what they take once they remember so many verdicts, of many identities. */
export async function memory(stage: Stage): Promise<Figure[]> {
  const { world, extents } = stage;
  const tokens = await world.maker.make(spread(world.minters, extents.verdicts));
  const seen = [];
  for (let each = 0; each < extents.starts; each += 1) seen.push(await measure(stage, tokens));
  const count = new Intl.NumberFormat('fr').format(extents.verdicts).replaceAll(/\s/g, ' ');
  return [
    { name: 'memory at start', unit: 'MB', values: seen.map(({ atStart }) => atStart) },
    { name: `memory with ${count} verdicts`, unit: 'MB', values: seen.map(({ filled }) => filled) },
  ];
}

async function measure(stage: Stage, tokens: readonly MadeToken[]): Promise<{ atStart: number; filled: number }> {
  const replica = await stage.setting.start();
  try {
    const atStart = await residentMegabytes(replica);
    await rememberAll({ ...stage, replica }, tokens);
    await sleep(REST_MS);
    return { atStart, filled: await residentMegabytes(replica) };
  } finally {
    await replica.stop();
  }
}

async function residentMegabytes({ pid }: ChildServer): Promise<number> {
  return (await residentKilobytes(pid)) / MEBIBYTE_KB;
}

/** Linux tells it in a file; other systems have a program for it. */
async function residentKilobytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const [, resident] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  if (resident !== undefined) return Number(resident);
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout.trim());
}
