import { Command, CommanderError } from 'commander';
import { addIdentities } from './identities.command.js';
import { addKeys } from './keys.command.js';
import { addInstanceCommands } from './instance.commands.js';
import { addRestore } from './restore.command.js';
import type { Terminal } from './terminal.js';
import { addTokens } from './tokens.command.js';
import { packageVersion } from './version.js';

/** The same wherever it is read, so that documentation can quote it. */
const HELP_WIDTH = 110;

const EXIT_STATUS = `
Exit status: 0 done; 1 refused or failed, and the reason is on standard error; 2 the command line was not understood.`;

/**
 * The whole command line. Here are the commands' names, options and help alone: what they do is loaded when they are
 * run, so that help and mistakes are answered at once.
 */
export function createProgram(terminal: Terminal): Command {
  const program = new Command('token-auth')
    .description('Runs and looks after the token auth service, and talks to one that runs.')
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      getOutHelpWidth: () => HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
    })
    .showHelpAfterError()
    .option('-V, --version', 'print the version')
    .on('option:version', () => {
      terminal.out(`${packageVersion()}\n`);
      throw new CommanderError(0, 'commander.version', '');
    })
    .addHelpText('after', EXIT_STATUS);
  program.commandsGroup('The service:');
  addInstanceCommands(program, terminal);
  addKeys(program, terminal);
  addRestore(program, terminal);
  program.commandsGroup('By a service that runs:');
  addIdentities(program, terminal);
  addTokens(program, terminal);
  return program;
}
