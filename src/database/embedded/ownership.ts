import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgresError, errnoOf } from './embedded-postgres-error.js';
import { identify, isRunning, type ProcessIdentity } from './process-identity.js';

interface Owner extends ProcessIdentity {
  /** Where the record was made: one in a copy of the directory says nothing about the copy. */
  place: string;
}

/**
 * The right to use the data at a place, which one living process has at a time.
 *
 * The records are `postgres-owner/1`, `2`, `3` …, and the highest counts. A record is made whole and only if its name
 * is free; one whose process is gone is never removed or overwritten to be replaced, but outnumbered, and goes after
 * that. So of any number of processes that find the same dead owner at once, one gets the next number.
 */
export class Ownership {
  private constructor(private readonly record: string) {}

  /** Throws when another instance is the owner and alive. */
  static take(place: string): Ownership {
    const directory = join(place, 'postgres-owner');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const self: Owner = { ...(identify(process.pid) ?? { pid: process.pid, startTime: null }), place };
    for (;;) {
      const latest = highest(directory);
      refuseLiving(readOwner(join(directory, String(latest))), place);
      if (claim(directory, latest + 1, self)) return new Ownership(join(directory, String(latest + 1)));
    }
  }

  /** Leaves a record without an owner, so that the numbers never start anew. */
  release(): void {
    writeWhole(this.record, {}, renameSync);
  }
}

function claim(directory: string, number: number, self: Owner): boolean {
  const record = join(directory, String(number));
  try {
    writeWhole(record, self, linkSync);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
  // We were slow, and the number had been used and cleared away in between.
  if (highest(directory) > number) {
    rmSync(record, { force: true });
    return false;
  }
  for (const lower of numbers(directory).filter((other) => other < number)) {
    rmSync(join(directory, String(lower)), { force: true });
  }
  return true;
}

/** Puts the record in its place by one step of the file system, so that nobody ever reads half of it. */
function writeWhole(record: string, content: Partial<Owner>, place: (from: string, to: string) => void): void {
  const draft = `${record}.${randomUUID()}`;
  writeFileSync(draft, JSON.stringify(content), { mode: 0o600 });
  try {
    place(draft, record);
  } finally {
    rmSync(draft, { force: true });
  }
}

function readOwner(record: string): Partial<Owner> {
  try {
    return JSON.parse(readFileSync(record, 'utf8')) as Partial<Owner>;
  } catch {
    return {};
  }
}

function refuseLiving({ pid, startTime = null, place: origin }: Partial<Owner>, place: string): void {
  if (pid === undefined || origin !== place || !isRunning({ pid, startTime })) return;
  throw new EmbeddedPostgresError(
    `Another instance of the service (process ${pid}) is already using the embedded PostgreSQL in ${place}: stop it, ` +
      'or give this one its own by setting EMBEDDED_DATA_DIR or DATABASE_URL.',
  );
}

function numbers(directory: string): number[] {
  return readdirSync(directory)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function highest(directory: string): number {
  return Math.max(0, ...numbers(directory));
}
