import type { KeyAlgorithm } from '../access-token/signing-key/key-material.js';
import { KeyOperations, type Rotation } from '../access-token/signing-key/key-operations.service.js';
import type { SigningKey } from '../database/entities/signing-key.entity.js';
import { operatorContext } from './operator-context.js';
import { runWithApp } from './run-with-app.js';
import { orDash, table } from './table.js';
import { answer, type OutputOptions, type Terminal } from './terminal.js';

export interface RotateOptions extends OutputOptions {
  alg?: KeyAlgorithm;
  now?: boolean;
}

export interface RevokeOptions extends OutputOptions {
  encryptionKeysLost?: boolean;
}

const HEADINGS = ['KID', 'ALGORITHM', 'STATE', 'SINCE', 'VERIFIES UNTIL'];

export async function listKeys(terminal: Terminal, options: OutputOptions): Promise<void> {
  await withKeys(async (operations) => {
    const keys = (await operations.list()).map(shown);
    const rows = keys.map((key) => [key.kid, key.algorithm, key.state, key.stateSince, orDash(key.verifiesUntil)]);
    answer(terminal, options, { keys }, table(HEADINGS, rows));
  });
}

export async function rotateKeys(terminal: Terminal, options: RotateOptions): Promise<void> {
  await withKeys(async (operations) => {
    const how = { algorithm: options.alg, isNow: options.now === true };
    const rotation = await operations.rotate(how, operatorContext());
    const { next, isPromoted, ripeAt, isEarly } = rotation;
    answer(
      terminal,
      options,
      { kid: next.kid, algorithm: next.algorithm, isPromoted, ripeAt, isEarly },
      rotated(rotation),
    );
  });
}

function rotated({ next, isPromoted, ripeAt, isEarly }: Rotation): string {
  const name = `The key ${next.kid} (${next.algorithm})`;
  if (!isPromoted) return `${name} is published, and signs from ${ripeAt.toISOString()} on.`;
  if (!isEarly) return `${name} signs now.`;
  return `${name} signs now. Verifiers that keep an older key set refuse its tokens until ${ripeAt.toISOString()}.`;
}

export async function retireKey(terminal: Terminal, kid: string, options: OutputOptions): Promise<void> {
  await withKeys(async (operations) => {
    const retired = await operations.retire(kid, operatorContext());
    answer(terminal, options, { retiredKid: retired.kid }, `The key ${retired.kid} is retired.`);
  });
}

export async function revokeKey(terminal: Terminal, kid: string, options: RevokeOptions): Promise<void> {
  await withKeys(async (operations) => {
    const areEncryptionKeysLost = options.encryptionKeysLost === true;
    const { active } = await operations.revoke(kid, operatorContext(), { areEncryptionKeysLost });
    const end = `The key ${kid} is revoked, and with it every token that it signed.`;
    const text = active
      ? `${end}\nThe key ${active.kid} (${active.algorithm}) signs now. If no administrator's token is left: token-auth bootstrap --recover`
      : end;
    answer(terminal, options, { revokedKid: kid, activeKid: active?.kid ?? null }, text);
  });
}

export async function resealKeys(terminal: Terminal, options: OutputOptions): Promise<void> {
  await withKeys(async (operations) => {
    const count = await operations.reseal(operatorContext());
    const keys = count === 1 ? 'key is' : 'keys are';
    const text = `${count} private ${keys} sealed under the first key of KEY_ENCRYPTION_KEYS; the others may go.`;
    answer(terminal, options, { resealed: count }, text);
  });
}

const withKeys = (work: (operations: KeyOperations) => Promise<void>): Promise<void> =>
  runWithApp('error', (app) => work(app.get(KeyOperations)));

/** Nothing of a private key. */
const shown = ({ kid, algorithm, state, createdAt, stateSince, verifiesUntil }: SigningKey) => ({
  kid,
  algorithm,
  state,
  createdAt: createdAt.toISOString(),
  stateSince: stateSince.toISOString(),
  verifiesUntil: verifiesUntil?.toISOString() ?? null,
});
