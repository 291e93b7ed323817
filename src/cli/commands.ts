import { parseArgs } from 'node:util';
import { UnsealError } from '../access-token/key-sealer.js';
import { InvalidEnvironmentError } from '../config/app-config.js';
import { DatabaseUnusableError } from '../database/wait-for-database.js';
import { AppError } from '../common/errors/app-error.js';
import { ManagementPortTakenError } from '../health/management-server.js';
import { UsageError } from './usage-error.js';
import { WorkerStartError } from './worker-start-error.js';

const USAGE = `usage: token-auth <command>

  serve                              run the service (what "npm start" does)
  migrate                            bring the database schema up to this version
    --service-role <role>            and let this role work on it, the two logs append-only
    --retention-role <role>          and let this role clean up those two
  bootstrap --organization <name>    set up an empty instance; prints its admin token
  bootstrap --recover                add an administrator to the instance; prints its token
  keys list|rotate|retire|revoke|reseal   show and change the signing keys; alone it tells more
  restore accept                     accept a restored database; ends every token and signing key
  openapi [--out <file>]             print the description of the API`;

const OPTIONS = {
  organization: { type: 'string' },
  recover: { type: 'boolean' },
  'service-role': { type: 'string' },
  'retention-role': { type: 'string' },
  out: { type: 'string' },
  alg: { type: 'string' },
  now: { type: 'boolean' },
  undetected: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Errors whose message is meant for the operator as it is; of any other, the stack says more. */
const EXPECTED = [
  UsageError,
  UnsealError,
  InvalidEnvironmentError,
  DatabaseUnusableError,
  ManagementPortTakenError,
  WorkerStartError,
  AppError,
];

/** Runs one command of the command line, and tells a failure in a sentence and by the exit status. */
export async function runCommand(args: string[]): Promise<void> {
  try {
    await run(args);
  } catch (error) {
    process.stderr.write(`${tell(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof WorkerStartError) return error.exitCode;
  return error instanceof UsageError ? 2 : 1;
}

function tell(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isExpected = EXPECTED.some((known) => error instanceof known) || error.name === 'EmbeddedPostgresError';
  return isExpected ? error.message : (error.stack ?? error.message);
}

async function run(args: string[]): Promise<void> {
  const { values, positionals } = parse(args);
  const [command, ...rest] = positionals;
  if (values.help === true) return void process.stdout.write(`${USAGE}\n`);
  if (command === 'keys') return (await import('./keys.command.js')).keysCommand(rest, values);
  if (command === 'restore') return (await import('./restore.command.js')).restoreCommand(rest, values);
  if (positionals.length !== 1) throw new UsageError(USAGE);
  if (command === 'serve') return (await import('./serve.js')).serve();
  if (command === 'migrate') return (await import('./migrate.command.js')).migrateCommand(values);
  if (command === 'bootstrap') return (await import('./bootstrap.command.js')).bootstrapCommand(values);
  if (command === 'openapi') return (await import('./openapi.command.js')).openapiCommand(values.out);
  throw new UsageError(USAGE);
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${USAGE}`);
  }
}
