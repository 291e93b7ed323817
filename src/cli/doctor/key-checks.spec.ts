import { randomBytes } from 'node:crypto';
import { makeKey, publicJwk } from '../../access-token/signing-key/key-material.js';
import { KeySealer } from '../../access-token/signing-key/key-sealer.js';
import type { SigningKey } from '../../database/entities/signing-key.entity.js';
import { keyChecks } from './key-checks.js';

const NOW = new Date('2026-01-01T12:00:00Z');
const DAY = 86_400_000;
const schedule = { maxAge: 90 * DAY, publication: 360_000 };
const [FIRST, FORMER, OTHER] = [randomBytes(32), randomBytes(32), randomBytes(32)];

async function given(changes: Partial<SigningKey> = {}, sealedUnder = FIRST): Promise<SigningKey> {
  const key = await makeKey('ES256');
  const content = { kid: key.kid, algorithm: key.algorithm, publicJwk: publicJwk(key.publicKey) };
  return {
    ...content,
    sealedPrivateKey: new KeySealer([sealedUnder]).seal(key.privateKey, key),
    mac: new KeySealer([sealedUnder]).mac(content),
    isAdoptable: false,
    state: 'active',
    createdAt: NOW,
    stateSince: NOW,
    verifiesUntil: null,
    ...changes,
  };
}
const levels = (keys: readonly SigningKey[], keyEncryptionKeys = [FIRST, FORMER]) =>
  keyChecks(keys, keyEncryptionKeys, NOW, schedule).map(({ check, level }) => `${check}: ${level}`);
const ago = (ms: number) => ({ stateSince: new Date(NOW.getTime() - ms) });

describe('keyChecks', () => {
  it('finds nothing wrong where the keys open and are young', async () => {
    const retired = await given({ state: 'retired', sealedPrivateKey: null });
    expect(levels([retired, await given(), await given({ state: 'next' })])).toEqual([
      'signing key: ok',
      'signing key: ok',
      'rotation: ok',
    ]);
  });

  it('takes an instance that has yet to start', () => {
    expect(levels([])).toEqual(['signing key: ok']);
  });

  it('finds a fault where no key is active', async () => {
    expect(levels([await given({ state: 'next' })])).toEqual(['signing key: fault']);
  });

  it.each([
    ['under a former key', FORMER, ['signing key: warning']],
    ['under a key that is gone', OTHER, ['signing key: fault', 'signing key: fault']],
  ])('finds what is sealed %s', async (_name, sealedUnder, found) => {
    expect(levels([await given({}, sealedUnder)])).toEqual([...found, 'rotation: ok']);
  });

  it.each([
    ['has a wrong MAC', { mac: randomBytes(37) }, 'fault'],
    ['has no MAC and no private half', { mac: null, sealedPrivateKey: null }, 'fault'],
    ['has no MAC, but a private half that opens', { mac: null }, 'warning'],
  ])('reports a key that %s', async (_name, changes, level) => {
    const keys = [await given(), await given({ state: 'retiring', ...changes })];
    const macs = levels(keys).filter((line) => line.startsWith('signing key') && !line.endsWith('ok'));
    expect(macs).toEqual([`signing key: ${level}`]);
  });

  it('finds a private half that is not its own', async () => {
    const [one, other] = [await given(), await given()];
    expect(levels([{ ...one, sealedPrivateKey: other.sealedPrivateKey }])[0]).toBe('signing key: fault');
  });

  it.each([
    [90 * DAY + 3_600_000, 'ok'],
    [90 * DAY + 3_600_001, 'warning'],
  ])('tells %d ms of age: %s', async (age, level) => {
    expect(levels([await given(ago(age))])).toEqual(['signing key: ok', `rotation: ${level}`]);
  });

  it('asks for no rotation where keys change by command alone', async () => {
    const findings = keyChecks([await given(ago(9999 * DAY))], [FIRST], NOW, {
      ...schedule,
      maxAge: Number.POSITIVE_INFINITY,
    });
    expect(findings.map(({ level }) => level)).toEqual(['ok', 'ok']);
  });
});
