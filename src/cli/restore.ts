import { type AcceptedRestore, Restore } from '../access-token/restore.service.js';
import { operatorContext } from './operator-context.js';
import { runWithApp } from './run-with-app.js';
import { answer, type OutputOptions, type Terminal } from './terminal.js';

/** Accepts a database that was restored. */
export async function acceptRestore(
  terminal: Terminal,
  options: OutputOptions & { undetected?: boolean; encryptionKeysLost?: boolean },
): Promise<void> {
  // That the database is not believed is why the command is run, and no news.
  await runWithApp('silent', async (app) => {
    const isUndetected = options.undetected === true;
    const areEncryptionKeysLost = options.encryptionKeysLost === true;
    const accepted = await app.get(Restore).accept({ isUndetected, areEncryptionKeysLost }, operatorContext());
    const { wasDetected, revokedKeys, active } = accepted;
    answer(terminal, options, { wasDetected, revokedKeys, activeKid: active.kid }, told(accepted));
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
