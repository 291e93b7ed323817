import { isKeyAlgorithm, KEY_ALGORITHMS, type KeyAlgorithm } from '../access-token/key-material.js';
import type { KeyOperations, Rotation } from '../access-token/key-operations.service.js';
import type { SigningKey } from '../database/entities/signing-key.entity.js';
import { operatorContext } from './operator-context.js';
import { UsageError } from './usage-error.js';

const USAGE = `usage: token-auth keys <command>

  list                        show the signing keys and their states
  rotate [--alg ES256|RS256]  make the next key; it signs once verifiers have had time to learn of it
  rotate --now                make the next key if there is none, and let it sign at once
  retire <kid>                end a key that nothing rests on any more
  revoke <kid>                end a key and every token that it signed
  reseal                      seal all private keys under the first key of KEY_ENCRYPTION_KEYS`;

export interface KeysOptions {
  alg?: string;
  now?: boolean;
}

type Act = (operations: KeyOperations) => Promise<string>;

/**
 * Shows and changes the signing keys. Whoever can run it has the database and the keys that open them; every change
 * is in the audit log.
 */
export async function keysCommand(args: string[], options: KeysOptions): Promise<void> {
  const act = actOf(args, options);
  const { runWithApp } = await import('./run-with-app.js');
  const { KeyOperations } = await import('../access-token/key-operations.service.js');
  await runWithApp('error', async (app) => {
    process.stdout.write(`${await act(app.get(KeyOperations))}\n`);
  });
}

/** What the arguments ask for; understood before anything is opened. */
function actOf([command, kid, ...rest]: string[], { alg, now }: KeysOptions): Act {
  const takesKid = command === 'retire' || command === 'revoke';
  const isRotation = command === 'rotate';
  if (rest.length > 0 || (kid !== undefined) !== takesKid || (!isRotation && (alg ?? now) !== undefined)) {
    throw new UsageError(USAGE);
  }
  const context = operatorContext();
  if (command === 'list') return async (operations) => table(await operations.list());
  if (isRotation) return rotate({ algorithm: algorithmOf(alg), isNow: now === true });
  if (command === 'reseal') return async (operations) => resealed(await operations.reseal(context));
  if (kid !== undefined && command === 'retire')
    return async (operations) => retired(await operations.retire(kid, context));
  if (kid !== undefined && command === 'revoke') return revoke(kid);
  throw new UsageError(USAGE);
}

function algorithmOf(text: string | undefined): KeyAlgorithm | undefined {
  if (text === undefined || isKeyAlgorithm(text)) return text;
  throw new UsageError(`--alg must be one of ${KEY_ALGORITHMS.join(', ')}\n${USAGE}`);
}

const rotate =
  (options: { algorithm?: KeyAlgorithm; isNow: boolean }): Act =>
  async (operations) =>
    rotated(await operations.rotate(options, operatorContext()));

function rotated({ next, isPromoted, ripeAt, isEarly }: Rotation): string {
  const name = `The key ${next.kid} (${next.algorithm})`;
  if (!isPromoted) return `${name} is published, and signs from ${ripeAt.toISOString()} on.`;
  if (!isEarly) return `${name} signs now.`;
  return `${name} signs now. Verifiers that keep an older key set refuse its tokens until ${ripeAt.toISOString()}.`;
}

const retired = ({ kid }: SigningKey): string => `The key ${kid} is retired.`;

const resealed = (count: number): string =>
  `${count} private ${count === 1 ? 'key is' : 'keys are'} sealed under the first key of KEY_ENCRYPTION_KEYS; the others may go.`;

const revoke =
  (kid: string): Act =>
  async (operations) => {
    const { active } = await operations.revoke(kid, operatorContext());
    const end = `The key ${kid} is revoked, and with it every token that it signed.`;
    if (!active) return end;
    return `${end}\nThe key ${active.kid} (${active.algorithm}) signs now. If no administrator's token is left: token-auth bootstrap --recover`;
  };

const HEADINGS = ['KID', 'ALGORITHM', 'STATE', 'SINCE', 'VERIFIES UNTIL'];

/** Columns for people; nothing of a private key. */
function table(keys: SigningKey[]): string {
  const rows = keys.map(({ kid, algorithm, state, stateSince, verifiesUntil }) => [
    kid,
    algorithm,
    state,
    stateSince.toISOString(),
    verifiesUntil?.toISOString() ?? '-',
  ]);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [HEADINGS, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
