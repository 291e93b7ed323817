import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { EMBEDDED_ISSUER } from '../../src/config/app-config.js';
import { newId } from '../../src/common/random-id.js';
import { KeysOf } from '../support/keys-of.js';
import { TestApp } from '../support/test-app.js';
import { TestClock } from '../support/test-clock.js';

const EXAMPLE = join(__dirname, '../../docs/examples/follower.mjs');

describe('the example of a follower', () => {
  let app: TestApp;
  let follower: ChildProcessWithoutNullStreams;
  let verdicts: AsyncIterator<string>;
  let complaints = '';
  const start = async (): Promise<void> => {
    const { token } = await app.given.identity({ role: 'verifier' });
    follower = spawn(process.execPath, [EXAMPLE, app.origin, EMBEDDED_ISSUER, token]);
    follower.stderr.on('data', (data: Buffer) => (complaints += data.toString()));
    verdicts = createInterface({ input: follower.stdout })[Symbol.asyncIterator]();
  };
  beforeAll(async () => {
    // The follower goes by the wall clock, and so do the tokens that it judges.
    const clock = new TestClock();
    clock.advance((Date.now() - clock.now().getTime()) / 1000);
    app = await TestApp.start({ clock });
    await start();
  });
  afterAll(async () => {
    follower.kill();
    await app.stop();
  });

  const judge = async (text: string): Promise<string> => {
    follower.stdin.write(`${text}\n`);
    const verdict = await verdicts.next();
    if (verdict.done) throw new Error(`the follower has ended: ${complaints}`);
    return verdict.value;
  };
  const judgedTo = async (text: string, verdict: string) => {
    while ((await judge(text)) !== verdict);
  };

  it('accepts a good token, and refuses it once it has been revoked', async () => {
    const { token, tokenId } = await app.given.identity();
    await judgedTo(token, 'active');
    const admin = await app.given.root();
    await app.http.post(`/api/v1/auth/token-auth/tokens/${tokenId}/revoke`, { token: admin.token });
    await judgedTo(token, 'inactive');
  });

  it('refuses what was ended with many others, and nothing else', async () => {
    const [one, other] = [await app.given.identity(), await app.given.identity()];
    await judgedTo(one.token, 'active');
    const { token } = await app.given.root();
    await app.http.delete(`/api/v1/identities/${one.id}`, { token });
    await judgedTo(one.token, 'inactive');
    expect(await judge(other.token)).toBe('active');
  });

  it('asks where the service alone can know', async () => {
    const limited = await app.given.identity({ config: { accessTokenNumUsesLimit: 3 } });
    expect(await judge(limited.token)).toBe('ask');
    const changed = await app.given.identity();
    await judgedTo(changed.token, 'active');
    const { token } = await app.given.root();
    const body = { accessTokenTrustedIps: [{ ipAddress: '10.0.0.0/8' }] };
    await app.http.patch(`/api/v1/auth/token-auth/identities/${changed.id}`, { token, body });
    await judgedTo(changed.token, 'ask');
  });

  it('refuses what we did not sign', async () => {
    const { token } = await app.given.identity();
    expect(await judge(`${token.slice(0, -4)}AAAA`)).toBe('inactive');
    expect(await judge('junk')).toBe('inactive');
  });

  // The last one: the administrator's token ends with the key.
  it('reads the key set again with a reset: after a restore, those of before are not ours any more', async () => {
    const { token } = await app.given.identity();
    const kid = await new KeysOf(app).kid('active');
    await new KeysOf(app).rotate();
    follower.kill();
    await start();
    await judgedTo(token, 'active');
    await app.db.query(`UPDATE signing_key SET state = 'retired' WHERE kid = $1`, [kid]);
    await app.db.query('UPDATE instance SET incarnation = $1', [newId()]);
    await judgedTo(token, 'inactive');
  });
});
