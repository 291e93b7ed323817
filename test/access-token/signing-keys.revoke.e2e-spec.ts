import { BootstrapService } from '../../src/bootstrap/bootstrap.service.js';
import { newReqId } from '../../src/common/random-id.js';
import { beforeStatement } from '../support/before-statement.js';
import { refusal, told } from '../support/answers.js';
import { headerOf } from '../support/jwt.js';
import { KeysOf } from '../support/keys-of.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

/** A replica that has read the keys anew no longer knows the key, and says no more of the token than of any other. */
const REVOKED = refusal(401, 'UnauthorizedError');

describe('signing keys: revocation', () => {
  let app: TestApp;
  let replica: TestApp;
  let keys: KeysOf;
  beforeEach(async () => {
    app = await TestApp.start();
    replica = await TestApp.start({ beside: app });
    keys = new KeysOf(app);
  });
  afterEach(async () => {
    await replica.stop();
    await app.stop();
  });

  const renew = (accessToken: string, at: TestApp) =>
    at.http.post('/api/v1/auth/token/renew', { body: { accessToken } });
  /** A new administrator's token, made on one replica. */
  const recovered = async (at: TestApp): Promise<string> => {
    const context = { reqId: newReqId(), address: null, peer: null, userAgent: null, now: at.clock.now() };
    return (await at.nest.get(BootstrapService).recover(context)).token;
  };

  it('ends all that the key signed, by every way in, on every replica, though none was told', async () => {
    const tokens = [(await app.given.root()).token, (await app.given.identity({ role: 'admin' })).token];
    await keys.revoke(await keys.kid('active'));
    const http = replica.http;
    for (const token of tokens) {
      expect(told(await http.get('/api/v1/identities/details', { token }))).toEqual(REVOKED);
      expect(told(await renew(token, replica))).toEqual(REVOKED);
      expect(told(await http.post('/api/v1/auth/token/revoke', { body: { accessToken: token } }))).toEqual(REVOKED);
      expect(await new TokenAuthApi(app).use(token)).toBe(401);
    }
  });

  it('ends what a retiring key signed, and nothing of another key', async () => {
    const old = await keys.kid('active');
    const { token } = await app.given.identity();
    await keys.rotate();
    const renewed = (await renew(token, app)).body.accessToken as string;
    const { active } = await keys.revoke(old);
    expect(active).toBeNull();
    expect(await new TokenAuthApi(replica).use(token)).toBe(401);
    expect(await new TokenAuthApi(replica).use(renewed)).toBe(200);
  });

  it('lets another key sign in its place, which replicas that have not learnt of it sign by', async () => {
    await app.given.root();
    const { revoked, active } = await keys.revoke(await keys.kid('active'));
    const token = await recovered(replica);
    expect(headerOf(token).kid).toBe(active?.kid);
    expect(active?.kid).not.toBe(revoked.kid);
    expect(await new TokenAuthApi(app).use(token)).toBe(200);
  });

  it('lets the next key sign, which verifiers may know already', async () => {
    const next = await keys.makeNext();
    const { active } = await keys.revoke(await keys.kid('active'));
    expect(active?.kid).toBe(next);
    expect(await keys.kid('active')).toBe(next);
  });

  it('mints nothing for a caller whose key was revoked after it had been let in', async () => {
    const { id } = await app.given.identity();
    const { token } = await app.given.root();
    const before: object[] = await app.db.query('SELECT id FROM access_token');
    const spy = beforeStatement(app, async () => keys.revoke(await keys.kid('active')));
    const answer = await app.http.post(`/api/v1/auth/token-auth/identities/${id}/tokens`, { token });
    spy.mockRestore();
    expect(told(answer)).toEqual(REVOKED);
    expect(await app.db.query('SELECT id FROM access_token')).toHaveLength(before.length);
  });

  it('leaves the key nowhere: neither in memory, nor among the published, nor its private half in the database', async () => {
    const kid = await keys.kid('active');
    await keys.revoke(kid);
    const others = new KeysOf(replica);
    await others.loaded.load();
    for (const one of [keys, others]) {
      expect(await one.loaded.find(kid)).toBeNull();
      expect(await one.published()).toEqual([await keys.kid('active')]);
    }
    expect(await keys.in('revoked')).toMatchObject([{ kid, sealedPrivateKey: null }]);
  });

  it('stands in the revocation log, as an epoch and in the audit log', async () => {
    const kid = await keys.kid('active');
    await keys.revoke(kid);
    const entries: { sequence: string }[] = await app.db.query(
      `SELECT sequence, effect, organization_id FROM revocation WHERE scope = 'key' AND key = $1`,
      [kid],
    );
    expect(entries).toMatchObject([{ effect: 'changed' }, { effect: 'revoked', organization_id: null }]);
    expect(await app.db.query(`SELECT sequence FROM epoch WHERE scope = 'key' AND key = $1`, [kid])).toEqual([
      { sequence: entries[1]?.sequence },
    ]);
    expect(
      await app.db.query(
        `SELECT outcome, organization_id, actor_identity_id FROM audit_event
         WHERE event = 'revoke-signing-key' AND details->>'kid' = $1`,
        [kid],
      ),
    ).toEqual([{ outcome: 'success', organization_id: null, actor_identity_id: null }]);
  });

  it('happens once, and to keys that there are', async () => {
    const kid = await keys.kid('active');
    await keys.revoke(kid);
    await expect(keys.revoke(kid)).rejects.toThrow('revoked already');
    await expect(keys.revoke('unknown')).rejects.toThrow('no signing key');
    expect(await keys.in('active')).toHaveLength(1);
  });

  it('lets each of the mints at the same time come first, or refuses it', async () => {
    const { id } = await app.given.identity();
    await keys.rotate();
    const { token } = await app.given.root();
    const [old] = await keys.in('retiring');
    const mints = Array.from({ length: 30 }, async () => new TokenAuthApi(replica).mint(id, {}, token));
    await keys.revoke(old?.kid ?? '');
    const statuses = (await Promise.all(mints)).map(({ status }) => status);
    expect(statuses.filter((status) => status !== 200 && status !== 401)).toEqual([]);
  });
});
