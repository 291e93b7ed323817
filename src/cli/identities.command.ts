import type { Command } from 'commander';
import { examples, wholeNumber, withLimits, withService } from './options.js';
import type { Terminal } from './terminal.js';
import { addTokenAuth } from './token-auth.command.js';

export function addIdentities(program: Command, terminal: Terminal): void {
  const identities = program
    .command('identities')
    .description('machine identities of the organization that the token works in')
    .addHelpText(
      'after',
      examples('token-auth identities create deploy --role member --ttl 3600', 'token-auth identities list --name dep'),
    );
  addReading(identities, terminal);
  addChanging(identities, terminal);
  addTokenAuth(identities, terminal);
}

function addReading(identities: Command, terminal: Terminal): void {
  withService(identities.command('list'))
    .description('list identities, by name')
    .option('--name <text>', 'those whose name holds the text, in any case')
    .option('--role <slug>', 'those that have the role')
    .option('--limit <number>', 'how many to list, 100 at most', wholeNumber, 50)
    .option('--offset <number>', 'how many to skip', wholeNumber, 0)
    .action(async (options) => (await import('./identities.js')).listIdentities(terminal, options));
  withService(identities.command('show'))
    .description('show an identity and its Token Auth')
    .argument('<identity>', 'id of the identity')
    .action(async (id, options) => (await import('./identities.js')).showIdentity(terminal, id, options));
}

function addChanging(identities: Command, terminal: Terminal): void {
  const create = withService(identities.command('create'))
    .description('create an identity that tokens can be made for')
    .argument('<name>', 'name to tell it by')
    .option('--role <slug>', 'role that it gets', 'no-access')
    .option('--delete-protection', 'keep it from deletion')
    .option('--no-token-auth', 'do not attach Token Auth');
  withLimits(create)
    .option('-q, --quiet', 'print nothing but its id')
    .addHelpText('after', examples('ID=$(token-auth identities create deploy --role member --ttl 3600 --quiet)'))
    .action(async (name, options) => (await import('./identity-changes.js')).createIdentity(terminal, name, options));
  withService(identities.command('update'))
    .description('change an identity; what is left out stays as it is')
    .argument('<identity>', 'id of the identity')
    .option('--name <name>', 'the new name')
    .option('--role <slug>', 'the role that it has from now on')
    .option('--delete-protection', 'keep it from deletion')
    .option('--no-delete-protection', 'no longer keep it from deletion')
    .action(async (id, options) => (await import('./identity-changes.js')).updateIdentity(terminal, id, options));
  withService(identities.command('delete'))
    .description('delete an identity; all its tokens end at once')
    .argument('<identity>', 'id of the identity')
    .action(async (id, options) => (await import('./identity-changes.js')).deleteIdentity(terminal, id, options));
}
