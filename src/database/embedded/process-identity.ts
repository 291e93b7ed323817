import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { errnoOf } from './embedded-postgres-error.js';

/** A process that is told apart from a later one with the same id, where the platform lets us. */
export interface ProcessIdentity {
  pid: number;
  /** In clock ticks since boot, on Linux only. */
  startTime: string | null;
}

/** The process that runs under this id now. One that has ended and was not reaped yet does not count as running. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return canBeSignalled(pid) ? { pid, startTime: null } : undefined;
  // The second field is the command in parentheses, which may itself hold blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : { pid, startTime: fields[19] ?? null };
}

/** Whether this very process, and not a later one with its id, still runs. */
export function isRunning({ pid, startTime }: ProcessIdentity): boolean {
  const now = identify(pid);
  return now !== undefined && (startTime === null || now.startTime === null || now.startTime === startTime);
}

/** Whether the process is a PostgreSQL server on this data directory. */
export function isServerOf(dataDir: string, pid: number): boolean {
  const command = readProc(pid, 'cmdline');
  if (command !== undefined) return command.includes('postgres') && workingDirectoryOf(pid) === dataDir;
  const { stdout } = spawnSync('/bin/ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8', env: {} });
  return stdout?.includes(` -D ${dataDir} `) ?? false;
}

/** Sends a signal; a process that is gone by now is no failure. */
export function signal(target: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isRunning(target)) return;
  try {
    process.kill(target.pid, name);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}

function workingDirectoryOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function canBeSignalled(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}
