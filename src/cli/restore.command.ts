import type { AcceptedRestore } from '../access-token/restore.service.js';
import { operatorContext } from './operator-context.js';
import { UsageError } from './usage-error.js';

const USAGE = `usage: token-auth restore <command>

  accept                 accept a database that was restored; ends every token and every signing key
  accept --undetected    the same, where nothing but you knows of the restore`;

/** Lets the service go on after a restore. Whoever can run it has the database and the keys; it is in the audit log. */
export async function restoreCommand(args: string[], { undetected = false }): Promise<void> {
  if (args.length !== 1 || args[0] !== 'accept') throw new UsageError(USAGE);
  const { runWithApp } = await import('./run-with-app.js');
  const { Restore } = await import('../access-token/restore.service.js');
  // That the database is not believed is why the command is run, and no news.
  await runWithApp('silent', async (app) => {
    const accepted = await app.get(Restore).accept({ isUndetected: undetected }, operatorContext());
    process.stdout.write(`${told(accepted)}\n`);
  });
}

function told({ wasDetected, revokedKeys, active }: AcceptedRestore): string {
  const keys = revokedKeys === 1 ? '1 signing key is' : `${revokedKeys} signing keys are`;
  return [
    `The database is accepted${wasDetected ? '' : ', though nothing said that it was restored'}.`,
    `All tokens of before are dead and ${keys} revoked. The key ${active.kid} (${active.algorithm}) signs now.`,
    'Replicas that run go on by themselves. For an administrator: token-auth bootstrap --recover',
  ].join('\n');
}
