import type { Command } from 'commander';
import { ENCRYPTION_KEYS_LOST, withJson } from './options.js';
import type { Terminal } from './terminal.js';

/** Whoever can run it has the database and the keys; it is in the audit log. */
export function addRestore(program: Command, terminal: Terminal): void {
  const restore = program.command('restore').description('let the service go on after a restore of its database');
  withJson(restore.command('accept'))
    .description('accept a database that was restored; ends every token and every signing key')
    .option('--undetected', 'do so where nothing but you knows of the restore')
    .option(...ENCRYPTION_KEYS_LOST)
    .action(async (options) => (await import('./restore.js')).acceptRestore(terminal, options));
}
