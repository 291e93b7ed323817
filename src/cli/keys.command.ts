import { type Command, Option } from 'commander';
import { KEY_ALGORITHMS } from '../access-token/signing-key/key-material.js';
import { ENCRYPTION_KEYS_LOST, examples, withJson } from './options.js';
import type { Terminal } from './terminal.js';

const EXAMPLES = examples('token-auth keys list', 'token-auth keys rotate', 'token-auth keys rotate --alg RS256 --now');

/** A key's name is base64url, so that one in 64 begins as options do; none of those is as long. */
const KEY_NAME = /^-[\w-]{42}$/;

/** Puts the names of keys at the end of the arguments, where nothing is taken for an option. */
export function withKeyNamesLast(args: readonly string[]): readonly string[] {
  const names = args.filter((arg) => KEY_NAME.test(arg));
  if (args[0] !== 'keys' || names.length === 0 || args.includes('--')) return args;
  return [...args.filter((arg) => !KEY_NAME.test(arg)), '--', ...names];
}

/** Whoever can run it has the database and the keys that open the signing keys; every change is in the audit log. */
export function addKeys(program: Command, terminal: Terminal): void {
  const keys = program.command('keys').description('show and change the signing keys').addHelpText('after', EXAMPLES);
  withJson(keys.command('list'))
    .description('show the signing keys and their states')
    .action(async (options) => (await import('./keys.js')).listKeys(terminal, options));
  withJson(keys.command('rotate'))
    .description('make the next key; it signs once verifiers have had time to learn of it')
    .addOption(
      new Option('--alg <algorithm>', 'what the next key is for; default: as the active one').choices(KEY_ALGORITHMS),
    )
    .option('--now', 'let it sign at once')
    .action(async (options) => (await import('./keys.js')).rotateKeys(terminal, options));
  withJson(keys.command('retire'))
    .description('end a key that nothing rests on any more')
    .argument('<kid>', 'name of the key')
    .action(async (kid, options) => (await import('./keys.js')).retireKey(terminal, kid, options));
  withJson(keys.command('revoke'))
    .description('end a key and every token that it signed')
    .argument('<kid>', 'name of the key')
    .option(...ENCRYPTION_KEYS_LOST)
    .action(async (kid, options) => (await import('./keys.js')).revokeKey(terminal, kid, options));
  withJson(keys.command('reseal'))
    .description('seal all private keys under the first key of KEY_ENCRYPTION_KEYS')
    .action(async (options) => (await import('./keys.js')).resealKeys(terminal, options));
}
