import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { ServiceProcess } from '../support/service-process.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';

/** Some start three processes, one after the other. */
jest.setTimeout(120_000);

describe('token-auth restore accept', () => {
  const KEY_ENCRYPTION_KEYS = randomBytes(32).toString('base64');
  let url: string;
  let db: DataSource;
  beforeAll(async () => {
    url = await createDatabase();
    db = await new DataSource({ type: 'postgres', url }).initialize();
  });
  afterAll(async () => {
    await db.destroy();
    await dropDatabase(url);
  });

  const run = async (...args: string[]) => {
    const command = ServiceProcess.run(args, {
      DATABASE_URL: url,
      ISSUER: 'http://localhost:8080',
      KEY_ENCRYPTION_KEYS,
    });
    return { status: await command.exit(), stdout: command.stdout, stderr: command.stderr };
  };
  const events = (): Promise<object[]> =>
    db.query(
      `SELECT event, organization_id, user_agent, (details->>'wasDetected')::boolean AS "wasDetected"
       FROM audit_event WHERE event LIKE '%restore' ORDER BY created_at, id`,
    );
  const act = { event: 'accept-restore', organization_id: null, user_agent: 'token-auth command line' };

  it('refuses where nothing says that there was a restore, and tells how to insist', async () => {
    expect(await run('restore', 'accept')).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^Nothing says that this database was restored.*--undetected.*\n$/),
    });
    expect(await events()).toEqual([]);
    const accepted = await run('restore', 'accept', '--undetected');
    expect(accepted).toMatchObject({ status: 0, stderr: '' });
    expect(accepted.stdout).toMatch(/^The database is accepted, though nothing said that it was restored\.\n/);
    expect(await events()).toEqual([{ ...act, wasDetected: false }]);
  });

  it('is what other commands ask for, and is done by one of two operators', async () => {
    await db.query('UPDATE instance SET database_oid = 1');
    const recovery = await run('bootstrap', '--recover');
    expect(recovery.status).toBe(1);
    expect(recovery.stderr).toContain('"token-auth restore accept"');
    const both = await Promise.all([run('restore', 'accept'), run('restore', 'accept')]);
    const [accepted, refused] = both.toSorted((one, other) => (one.status ?? 2) - (other.status ?? 2));
    expect([accepted?.status, refused?.status]).toEqual([0, 1]);
    expect(accepted?.stdout).toMatch(
      /^The database is accepted\.\nAll tokens of before are dead and 1 signing key is revoked\. The key \S+ \(ES256\) signs now\.\n/,
    );
    expect(refused?.stderr).toContain('was accepted already');
    expect(await events()).toEqual([
      { ...act, wasDetected: false },
      { ...act, wasDetected: true },
    ]);
  });
});
