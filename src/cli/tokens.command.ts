import type { Command } from 'commander';
import { examples, wholeNumber, withService } from './options.js';
import type { Terminal } from './terminal.js';

export function addTokens(program: Command, terminal: Terminal): void {
  const tokens = program
    .command('tokens')
    .description('tokens of machine identities')
    .addHelpText(
      'after',
      examples('token-auth tokens create <identity> --name ci', 'token-auth tokens revoke <token>'),
    );
  withService(tokens.command('create'))
    .description('create a token; its text goes to standard output, what else is to be told to standard error')
    .argument('<identity>', 'id of the identity that it is for')
    .option('--name <name>', 'name to tell it by')
    .option('--organization-slug <slug>', "sub-organization that it is to work in; default: that of the caller's token")
    .option('--idempotency-key <key>', 'the same key gives the same token again, for 24 hours')
    .option('-q, --quiet', 'tell nothing but its text')
    .addHelpText('after', examples('DEPLOY_TOKEN=$(token-auth tokens create <identity> --name ci --quiet)'))
    .action(async (id, options) => (await import('./tokens.js')).createToken(terminal, id, options));
  withService(tokens.command('list'))
    .description('list the tokens of an identity, newest first')
    .argument('<identity>', 'id of the identity')
    .option('--limit <number>', 'how many to list, 100 at most', wholeNumber, 20)
    .option('--offset <number>', 'how many to skip', wholeNumber, 0)
    .action(async (id, options) => (await import('./tokens.js')).listTokens(terminal, id, options));
  withService(tokens.command('show'))
    .description('show what is known of a token; its text is stored nowhere')
    .argument('<token>', 'id of the token')
    .action(async (id, options) => (await import('./tokens.js')).showToken(terminal, id, options));
  withService(tokens.command('revoke'))
    .description('revoke a token; it is refused everywhere within a second')
    .argument('<token>', 'id of the token, not its text')
    .action(async (id, options) => (await import('./tokens.js')).revokeToken(terminal, id, options));
}
