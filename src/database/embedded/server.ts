import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { childOptions } from './account.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';
import type { Layout } from './layout.js';
import { identify, isRunning, isServerOf, type ProcessIdentity, signal } from './process-identity.js';

/** A PostgreSQL server, started by us or left by an earlier run. */
export interface Server {
  process: ProcessIdentity;
  port: number;
}

const FAST_SHUTDOWN = 'SIGINT';
const IMMEDIATE_SHUTDOWN = 'SIGQUIT';
const LOG_LIMIT = 1_000_000;

/**
 * The server that an earlier run has left behind, if it is running. A lock file of one that is not is removed if need
 * be: PostgreSQL takes any process under its number for a server. Only the owner of the data may ask.
 */
export function findOrphan(dataDir: string): Server | undefined {
  const file = join(dataDir, 'postmaster.pid');
  const [pid, , , port] = readLines(file).map(Number);
  const found = pid ? identify(pid) : undefined;
  if (found && port && isServerOf(dataDir, found.pid)) return { process: found, port };
  if (found || !pid) rmSync(file, { force: true });
  return undefined;
}

/** Starts a server in a process group of its own, so that Ctrl-C reaches the service only. */
export async function launch(layout: Layout, postgres: string, settings: Record<string, string>): Promise<Server> {
  const port = await freePort();
  const all = { ...settings, port: String(port), listen_addresses: '127.0.0.1', unix_socket_directories: '' };
  const assignments = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openSync(layout.logFile, 'a', 0o600);
  try {
    const child = spawn(postgres, ['-D', layout.dataDir, ...assignments], {
      ...childOptions(layout.account),
      detached: true,
      windowsHide: true,
      stdio: ['ignore', log, log],
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    const pid = child.pid!;
    return { process: identify(pid) ?? { pid, startTime: null }, port };
  } finally {
    closeSync(log);
  }
}

/** Ends the server's connections and the server; harder if it takes longer than it should. */
export async function shutDown({ process: server }: Server): Promise<void> {
  for (const order of [FAST_SHUTDOWN, IMMEDIATE_SHUTDOWN] as const) {
    signal(server, order);
    const deadline = Date.now() + 10_000;
    while (isRunning(server) && Date.now() < deadline) await delay(10);
  }
  if (!isRunning(server)) return;
  throw new EmbeddedPostgresError(`The embedded PostgreSQL does not end: end process ${server.pid} yourself.`);
}

/** Asks the server to end when the process exits without `shutDown`; returns how to take that back. */
export function shutDownAtExit({ process: server }: Server): () => void {
  const hook = (): void => signal(server, FAST_SHUTDOWN);
  process.once('exit', hook);
  return () => process.off('exit', hook);
}

/** Keeps the log of earlier runs from growing without end; returns where that of the next run begins. */
export function rotateLog(file: string): number {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= LOG_LIMIT) return size;
  renameSync(file, `${file}.1`);
  return 0;
}

/** Why a server has ended by itself, in its own words. */
export function lastWords(file: string, from: number): string {
  const lines = readFileSync(file).subarray(from).toString('utf8').trim().split('\n');
  return (lines.findLast((line) => /FATAL|PANIC/.test(line)) ?? lines.at(-1) ?? '').trim();
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
