import { readFileSync } from 'node:fs';

/** Linux counts in these; the number is part of its interface to programs. */
const TICK_MICROSECONDS = 10_000;

/** Of the fields after the name of the program, which may have any character in it. */
const USER = 11;
const SYSTEM = 12;

/** Microseconds of a core that a process has taken so far; not a number where the system doesn't tell. */
export function cpuTime(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[USER]) + Number(fields[SYSTEM])) * TICK_MICROSECONDS;
  } catch {
    return Number.NaN;
  }
}
