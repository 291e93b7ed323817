import { type Command, Option } from 'commander';
import { examples, withJson } from './options.js';
import type { Terminal } from './terminal.js';

/** What is done with an instance's own database and keys: the environment says where they are. */
export function addInstanceCommands(program: Command, terminal: Terminal): void {
  program
    .command('serve')
    .description('run the service (what "npm start" does)')
    .action(async () => (await import('./serve.js')).serve());
  withJson(program.command('migrate'))
    .description('bring the database schema up to this version; a step before a rollout')
    .option('--service-role <role>', 'let this role work on it, the two logs append-only')
    .option('--retention-role <role>', 'let this role clean up those two')
    .addHelpText(
      'after',
      examples(
        'DATABASE_URL=postgres://… token-auth migrate',
        'DATABASE_URL=postgres://… token-auth migrate --service-role token_auth --retention-role token_auth_retention',
      ),
    )
    .action(async (options) => (await import('./migrate.js')).migrateSchema(terminal, options));
  withJson(program.command('bootstrap'))
    .description('set up an empty instance, or add an administrator to one; prints its token')
    .option('--organization <name>', 'name of the first organization', 'My Organization')
    .addOption(
      new Option('--recover', 'add an administrator to an instance that has lost its own').conflicts('organization'),
    )
    .addHelpText(
      'after',
      examples(
        'token-auth bootstrap --organization Acme > admin-token',
        'token-auth bootstrap --recover > admin-token',
      ),
    )
    .action(async (options) => (await import('./bootstrap.js')).bootstrap(terminal, options));
  withJson(program.command('doctor'))
    .description('look for what is wrong with configuration, database and signing keys, and say what to mend')
    .addHelpText('after', '\nFaults end it with exit status 1; warnings do not.')
    .addHelpText(
      'after',
      examples('token-auth doctor', 'token-auth doctor --json | jq \'.findings[] | select(.level != "ok")\''),
    )
    .action(async (options) => (await import('./doctor/doctor.js')).doctor(terminal, options));
  program
    .command('openapi')
    .description('print the description of the API, as JSON')
    .option('--out <file>', 'write it to a file instead')
    .action(async ({ out }) => (await import('./openapi.js')).writeOpenapi(terminal, out));
}
