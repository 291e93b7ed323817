import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { commandLine, type Ended } from '../support/command-line.js';
import { HttpClient } from '../support/http-client.js';
import { headerOf } from '../support/jwt.js';
import { ServiceProcess } from '../support/service-process.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';

const [OLD, FRESH] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];

/** Some start several processes, one after the other. */
jest.setTimeout(120_000);

describe('token-auth keys', () => {
  let url: string;
  let db: DataSource;
  const running: ServiceProcess[] = [];
  const environment = (keys: string) => ({
    DATABASE_URL: url,
    ISSUER: 'http://localhost:8080',
    KEY_ENCRYPTION_KEYS: keys,
    PORT: '0',
  });
  beforeEach(async () => {
    url = await createDatabase();
    db = await new DataSource({ type: 'postgres', url }).initialize();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((service) => service.stop('SIGKILL')));
    await db.destroy();
    await dropDatabase(url);
  });

  const run = (args: string[], keys = OLD): ServiceProcess => {
    const service = ServiceProcess.run(args, environment(keys));
    running.push(service);
    return service;
  };
  /** Runs a command in this process, which spares it the start of one. */
  const here = async (args: string[], keys: string): Promise<Ended> => {
    Object.assign(process.env, environment(keys));
    return commandLine(args);
  };
  /** What a command printed that did what it was told. */
  const done = async (args: string[], keys = OLD): Promise<string> => {
    const { status, stdout, stderr } = await here(args, keys);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout.trim();
  };
  const failed = async (args: string[], keys = OLD): Promise<string> => {
    const { status, stdout, stderr } = await here(args, keys);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    return stderr.trim();
  };
  const stored = (): Promise<{ kid: string; state: string; sealed: Buffer | null }[]> =>
    db.query('SELECT kid, state, sealed_private_key AS sealed FROM signing_key ORDER BY created_at, kid');
  const kidOf = async (state: string) => (await stored()).find((key) => key.state === state)?.kid ?? '';

  it('lists kid, algorithm, state and times, and nothing of a private key', async () => {
    const list = run(['keys', 'list']);
    expect({ status: await list.exit(), stderr: list.stderr }).toEqual({ status: 0, stderr: '' });
    const lines = list.stdout.trim().split('\n');
    const [key] = await stored();
    expect(lines).toEqual([
      expect.stringMatching(/^KID +ALGORITHM +STATE +SINCE +VERIFIES UNTIL$/),
      expect.stringMatching(new RegExp(`^${key?.kid} +ES256 +active +\\d{4}-[\\d-]+T[\\d:.]+Z +-$`)),
    ]);
  });

  it('rotates in two steps, and refuses to end a key that something rests on', async () => {
    expect(await done(['keys', 'rotate'])).toMatch(/^The key \S+ \(ES256\) is published, and signs from \S+Z on\.$/);
    const [active, next] = [await kidOf('active'), await kidOf('next')];
    expect(await failed(['keys', 'retire', active])).toBe(`The key ${active} signs; rotate first`);
    expect(await done(['keys', 'rotate', '--now'])).toMatch(
      /^The key \S+ \(ES256\) signs now\. Verifiers that keep an older key set refuse its tokens until \S+Z\.$/,
    );
    expect(await stored()).toMatchObject([
      { kid: active, state: 'retiring', sealed: null },
      { kid: next, state: 'active' },
    ]);
    expect(await done(['keys', 'retire', active])).toBe(`The key ${active} is retired.`);
  });

  it('takes for a name what begins as an option does', async () => {
    const [help, unknown] = ['-h'.padEnd(43, 'x'), '--'.padEnd(43, 'x')];
    expect(await failed(['keys', 'revoke', help, '--json'])).toBe(`There is no signing key ${help}`);
    expect(await failed(['keys', 'retire', '--', unknown])).toBe(`There is no signing key ${unknown}`);
  });

  it('makes RSA keys by choice', async () => {
    await done(['keys', 'rotate', '--alg', 'RS256', '--now']);
    const token = await run(['bootstrap']).sees(/\S+\.\S+\.\S+/);
    expect(headerOf(token[0])).toMatchObject({ alg: 'RS256', kid: await kidOf('active') });
  });

  it('revokes a key while the service runs, which then refuses its tokens and signs by another', async () => {
    const bootstrap = run(['bootstrap']);
    expect(await bootstrap.exit()).toBe(0);
    const token = bootstrap.stdout.trim();
    const http = new HttpClient(await run(['serve']).origin());
    const use = async (text: string) => (await http.get('/api/v1/identities/details', { token: text })).status;
    expect(await use(token)).toBe(200);
    const kid = await kidOf('active');
    expect(await done(['keys', 'revoke', kid])).toContain(`The key ${kid} is revoked`);
    expect(await use(token)).toBe(401);
    const recovery = run(['bootstrap', '--recover']);
    expect(await recovery.exit()).toBe(0);
    expect(await use(recovery.stdout.trim())).toBe(200);
    expect(await stored()).toMatchObject([{ kid, state: 'revoked', sealed: null }, { state: 'active' }]);
    expect(await failed(['keys', 'revoke', kid])).toBe(`The key ${kid} has been revoked already`);
  });

  it('has little to do: a service that runs makes the next key by itself', async () => {
    const service = ServiceProcess.run(['serve'], { ...environment(OLD), SIGNING_KEY_MAX_AGE: '1', JWKS_MAX_AGE: '1' });
    running.push(service);
    await service.origin();
    const states = async () => (await stored()).map(({ state }) => state);
    while ((await states()).length < 2);
    expect(await states()).toEqual(['active', 'next']);
    expect(await service.stop()).toBe(0);
  });

  it('reseals, so that the former key-encryption key can go', async () => {
    const listed: unknown = JSON.parse(await done(['keys', 'list', '--json']));
    const [before] = await stored();
    const times = { createdAt: expect.any(String), stateSince: expect.any(String), verifiesUntil: null };
    expect(listed).toEqual({ keys: [{ kid: before?.kid, algorithm: 'ES256', state: 'active', ...times }] });
    expect(await done(['keys', 'reseal'], `${FRESH},${OLD}`)).toMatch(/^1 private key is sealed under the first key/);
    expect((await stored())[0]?.sealed).not.toEqual(before?.sealed);
    const bootstrap = run(['bootstrap'], FRESH);
    expect(await bootstrap.exit()).toBe(0);
    expect(headerOf(bootstrap.stdout)).toMatchObject({ kid: before?.kid });
    expect(await failed(['keys', 'reseal'], OLD)).toBe(
      `No key of KEY_ENCRYPTION_KEYS opens the signing key ${before?.kid}`,
    );
  });

  it('makes no key with other KEY_ENCRYPTION_KEYS, unless it is told that the former ones are lost', async () => {
    await done(['keys', 'list']);
    const before = await stored();
    const kid = await kidOf('active');
    for (const args of [
      ['keys', 'rotate'],
      ['keys', 'rotate', '--now'],
      ['keys', 'revoke', kid],
      ['restore', 'accept', '--undetected'],
    ])
      expect(await failed(args, FRESH)).toBe(
        `No key of KEY_ENCRYPTION_KEYS opens the active signing key ${kid}, so the replicas may not open a key that is ` +
          'made here; nothing was changed. Set KEY_ENCRYPTION_KEYS as the replicas have it. If that is lost, see ' +
          '"Lost key-encryption keys" in docs/signing-keys.md',
      );
    expect(await failed(['bootstrap'], FRESH)).toBe('There is no signing key that this service can open');
    expect(await stored()).toEqual(before);
    expect(await done(['keys', 'revoke', kid, '--encryption-keys-lost'], FRESH)).toContain('signs now');
    expect(await done(['keys', 'rotate', '--now'], FRESH)).toContain('signs now');
  });

  it('is in the audit log, as the act of the operator', async () => {
    await done(['keys', 'rotate', '--now']);
    await done(['keys', 'revoke', await kidOf('active')]);
    await done(['keys', 'reseal']);
    const events: object[] = await db.query(
      `SELECT event, details->>'kid' AS kid FROM audit_event
       WHERE user_agent = 'token-auth command line' AND organization_id IS NULL ORDER BY created_at, id`,
    );
    const [, second, third] = await stored();
    expect(events).toEqual([
      { event: 'create-signing-key', kid: second?.kid },
      { event: 'activate-signing-key', kid: second?.kid },
      { event: 'revoke-signing-key', kid: second?.kid },
      { event: 'create-signing-key', kid: third?.kid },
      { event: 'reseal-signing-keys', kid: null },
    ]);
  });
});
