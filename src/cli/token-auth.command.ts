import type { Command } from 'commander';
import { examples, withLimits, withService } from './options.js';
import type { Terminal } from './terminal.js';

const REPLACES = `
Addresses take the place of those of before and hold at once, for all its tokens; the other limits hold for tokens that
are minted from then on.`;

/** Below `identities`, whose tokens it bounds. */
export function addTokenAuth(identities: Command, terminal: Terminal): void {
  const tokenAuth = identities
    .command('token-auth')
    .description('whether an identity may have tokens, and what bounds them')
    .addHelpText(
      'after',
      examples(
        'token-auth identities token-auth attach <identity> --ttl 3600 --trusted-ip 10.0.0.0/8',
        'token-auth identities token-auth update <identity> --max-ttl 86400',
      ),
    );
  withLimits(withService(tokenAuth.command('attach')))
    .description('let tokens be made for an identity')
    .argument('<identity>', 'id of the identity')
    .action(async (id, options) => (await import('./token-auth.js')).attachTokenAuth(terminal, id, options));
  withService(tokenAuth.command('show'))
    .description('show what bounds the tokens of an identity')
    .argument('<identity>', 'id of the identity')
    .action(async (id, options) => (await import('./token-auth.js')).showTokenAuth(terminal, id, options));
  withLimits(withService(tokenAuth.command('update')))
    .description('change what bounds the tokens of an identity; what is left out stays as it is')
    .argument('<identity>', 'id of the identity')
    .addHelpText('after', REPLACES)
    .action(async (id, options) => (await import('./token-auth.js')).updateTokenAuth(terminal, id, options));
  withService(tokenAuth.command('detach'))
    .description('let no tokens be made for an identity any more; all that it has end at once')
    .argument('<identity>', 'id of the identity')
    .action(async (id, options) => (await import('./token-auth.js')).detachTokenAuth(terminal, id, options));
}
