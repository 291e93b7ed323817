import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { EMBEDDED_ISSUER } from '../../src/config/app-config.js';
import { newId } from '../../src/common/random-id.js';
import { KeysOf } from '../support/keys-of.js';
import { TestApp } from '../support/test-app.js';
import { TestClock } from '../support/test-clock.js';
import { watchedOrganization } from '../support/watched-organization.js';

const EXAMPLE = join(__dirname, '../../docs/examples/follower.mjs');

/** The example as a process of its own. */
class Follower {
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly verdicts: AsyncIterator<string>;
  private complaints = '';

  constructor({ origin }: TestApp, token: string) {
    this.process = spawn(process.execPath, [EXAMPLE, origin, EMBEDDED_ISSUER, token]);
    this.process.stderr.on('data', (data: Buffer) => (this.complaints += data.toString()));
    this.verdicts = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  judge = async (text: string): Promise<string> => {
    this.process.stdin.write(`${text}\n`);
    const verdict = await this.verdicts.next();
    if (verdict.done) throw new Error(`the follower has ended: ${this.complaints}`);
    return verdict.value;
  };

  judgedTo = async (text: string, verdict: string): Promise<void> => {
    while ((await this.judge(text)) !== verdict);
  };

  stop(): void {
    this.process.kill();
  }
}

describe('the example of a follower', () => {
  let app: TestApp;
  let follower: Follower;
  const started: Follower[] = [];
  const start = (token: string): Follower => {
    const one = new Follower(app, token);
    started.push(one);
    return one;
  };
  const startInRoot = async () => start((await app.given.identity({ role: 'verifier' })).token);
  beforeAll(async () => {
    // The follower goes by the wall clock, and so do the tokens that it judges.
    const clock = new TestClock();
    clock.advance((Date.now() - clock.now().getTime()) / 1000);
    app = await TestApp.start({ clock });
    follower = await startInRoot();
  });
  afterAll(async () => {
    for (const one of started) one.stop();
    await app.stop();
  });

  it('accepts a good token, and refuses it once it has been revoked', async () => {
    const { token, tokenId } = await app.given.identity();
    await follower.judgedTo(token, 'active');
    const admin = await app.given.root();
    await app.http.post(`/api/v1/auth/token-auth/tokens/${tokenId}/revoke`, { token: admin.token });
    await follower.judgedTo(token, 'inactive');
  });

  it('refuses what was ended with many others, and nothing else', async () => {
    const [one, other] = [await app.given.identity(), await app.given.identity()];
    await follower.judgedTo(one.token, 'active');
    const { token } = await app.given.root();
    await app.http.delete(`/api/v1/identities/${one.id}`, { token });
    await follower.judgedTo(one.token, 'inactive');
    expect(await follower.judge(other.token)).toBe('active');
  });

  it('asks where the service alone can know', async () => {
    const limited = await app.given.identity({ config: { accessTokenNumUsesLimit: 3 } });
    expect(await follower.judge(limited.token)).toBe('ask');
    const changed = await app.given.identity();
    await follower.judgedTo(changed.token, 'active');
    const { token } = await app.given.root();
    const body = { accessTokenTrustedIps: [{ ipAddress: '10.0.0.0/8' }] };
    await app.http.patch(`/api/v1/auth/token-auth/identities/${changed.id}`, { token, body });
    await follower.judgedTo(changed.token, 'ask');
  });

  it('refuses what we did not sign', async () => {
    const { token } = await app.given.identity();
    expect(await follower.judge(`${token.slice(0, -4)}AAAA`)).toBe('inactive');
    expect(await follower.judge('junk')).toBe('inactive');
  });

  it('of a sub-organization accepts tokens of that one alone, for it hears of no other that is revoked', async () => {
    const { id, token: inRoot } = await app.given.identity({ role: 'verifier' });
    const [own, neighbour] = [await watchedOrganization(app, id), await watchedOrganization(app, id)];
    const ofOwn = start(own.follower);
    await ofOwn.judgedTo(own.token, 'active');
    for (const token of [inRoot, neighbour.token]) expect(await ofOwn.judge(token)).toBe('inactive');
    await app.http.post(`/api/v1/auth/token-auth/tokens/${own.tokenId}/revoke`, { token: own.admin });
    await ofOwn.judgedTo(own.token, 'inactive');
  });

  // The last one: the administrator's token ends with the key.
  it('reads the key set again with a reset: after a restore, those of before are not ours any more', async () => {
    const { token } = await app.given.identity();
    const kid = await new KeysOf(app).kid('active');
    await new KeysOf(app).rotate();
    const later = await startInRoot();
    await later.judgedTo(token, 'active');
    await app.db.query(`UPDATE signing_key SET state = 'retired' WHERE kid = $1`, [kid]);
    await app.db.query('UPDATE instance SET incarnation = $1', [newId()]);
    await later.judgedTo(token, 'inactive');
  });
});
