import { CommanderError } from 'commander';
import { withKeyNamesLast } from './keys.command.js';
import { createProgram } from './program.js';
import { PROCESS, type Terminal } from './terminal.js';
import { CommandError, UsageError } from './usage-error.js';
import { WorkerStartError } from './worker-start-error.js';

const FAILED = 1;
const MISUNDERSTOOD = 2;

/** Errors of the command line's own, whose message says all. */
const HERE = [UsageError, CommandError, WorkerStartError];

/** Runs one command of the command line; tells a failure in a sentence, and gives the exit status. */
export async function runCommand(args: readonly string[], terminal: Terminal = PROCESS): Promise<number> {
  try {
    await createProgram(terminal).parseAsync(withKeyNamesLast(args), { from: 'user' });
    return 0;
  } catch (error) {
    // It has spoken already: with what is wrong, or with the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISUNDERSTOOD;
    terminal.err(`${await tell(error)}\n`);
    if (error instanceof WorkerStartError) return error.exitCode;
    return error instanceof UsageError ? MISUNDERSTOOD : FAILED;
  }
}

async function tell(error: unknown): Promise<string> {
  if (!(error instanceof Error)) return String(error);
  if (HERE.some((known) => error instanceof known)) return error.message;
  // Knows all of the service, which those who misspell a command need not wait for.
  const { isExpected } = await import('./expected-errors.js');
  return isExpected(error) ? error.message : (error.stack ?? error.message);
}
