import { mkdir, writeFile } from 'node:fs/promises';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Entry } from './entries.js';

/** What figures can't be read without. */
export interface Circumstances {
  plan: string;
  machine: { cpu: string; cores: number; memoryGb: number; system: string };
  node: string;
  postgres: string;
  /** What ran the floor of one transaction per token. */
  floor: string;
  startedAt: string;
}

export function circumstances(plan: string, postgres: string, floor: string): Circumstances {
  const [first] = cpus();
  const cores = cpus().length;
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  return {
    plan,
    machine: { cpu: first?.model.trim() ?? '', cores, memoryGb, system: `${platform()} ${release()} ${arch()}` },
    node: process.version,
    postgres,
    floor,
    startedAt: new Date().toISOString(),
  };
}

/** Rates need no decimals, times do. */
const shown = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2));

const HEAD = ['scenario', 'median', 'unit', 'lowest … highest', 'owed', 'ratio', ''];

export function table(entries: readonly Entry[]): string {
  const rows = entries.map(({ name, value, unit, lowest, highest, owed, ratio, met }) => [
    name,
    shown(value),
    unit,
    lowest === highest ? '' : `${shown(lowest)} … ${shown(highest)}`,
    owed ?? '',
    ratio === null ? '' : ratio.toFixed(2),
    met === null ? '' : met ? 'met' : 'MISSED',
  ]);
  const widths = HEAD.map((title, column) => Math.max(...[HEAD, ...rows].map((row) => (row[column] ?? title).length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(HEAD), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

export function describe({ machine, node, postgres, floor }: Circumstances): string {
  const { cpu, cores, memoryGb, system } = machine;
  return `${cores} × ${cpu}, ${memoryGb} GB, ${system}; Node.js ${node}; PostgreSQL ${postgres}; floor by ${floor}`;
}

export async function writeResults(path: string, about: Circumstances, results: readonly Entry[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify({ ...about, results }, undefined, 2)}\n`);
}
