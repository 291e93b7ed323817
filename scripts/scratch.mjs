import { chmodSync, mkdtempSync, readFileSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const MEMORY = '/dev/shm';

/** Several times what a whole run has in its files at any time. */
const ROOM_BYTES = 2 * 1024 ** 3;

/**
 * Makes the directory for the files of a run, to be removed at its end: in memory if Linux gives room there and lets
 * programs run, unless the environment names a place. PostgreSQL makes and removes some hundred files for each
 * database, and a file system on a disk spends a fifth of the run's processor time on finding places for them.
 */
export function makeScratch() {
  const scratch = mkdtempSync(join(!process.env.TMPDIR && isMemoryFit() ? MEMORY : tmpdir(), 'token-auth-run-'));
  // As open as any place for temporary files: where the tests run as root, PostgreSQL has an account of its own.
  chmodSync(scratch, 0o1777);
  return scratch;
}

function isMemoryFit() {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    const room = Math.min(bavail * bsize, process.availableMemory());
    const letsProgramsRun = /^\S+ \/dev\/shm tmpfs (?!\S*noexec)/m.test(readFileSync('/proc/mounts', 'utf8'));
    return room >= ROOM_BYTES && letsProgramsRun;
  } catch {
    return false;
  }
}
