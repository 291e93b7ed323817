import { oauthRefusal, refusal, told } from '../support/answers.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import type { Answer } from '../support/http-client.js';
import { OAuth2Api } from '../support/oauth2-api.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi, UNKNOWN_ID } from '../support/token-auth-api.js';

const ANY = expect.any(String);
const UNAVAILABLE = { told: refusal(503, 'ServiceUnavailable', ANY), retryAfter: '1' };
const OAUTH_UNAVAILABLE = { told: oauthRefusal(503, 'temporarily_unavailable'), retryAfter: '1' };

describe('a server that may have been deposed', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  let oauth: OAuth2Api;
  const proxy = new DatabaseProxy();
  let replica: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
    oauth = new OAuth2Api(app);
    await app.given.root();
    replica = await TestApp.start({ beside: app, via: proxy.open });
  });
  afterAll(async () => {
    await replica.stop();
    await proxy.cut();
    await app.stop();
  });

  /** Such a server answers what it is asked, and can complete nothing. */
  const withoutBeat = async <T>(work: () => Promise<T>): Promise<T> => {
    const holder = app.db.createQueryRunner();
    await holder.startTransaction();
    try {
      await holder.query('LOCK TABLE replica IN ACCESS EXCLUSIVE MODE');
      return await work();
    } finally {
      await holder.rollbackTransaction();
      await holder.release();
    }
  };

  /** All at once, for soon afterwards nobody is let in at all. */
  const answers = async (requests: (() => Promise<Answer>)[]) => {
    const given = await withoutBeat(() => Promise.all(requests.map((send) => send())));
    return given.map((answer) => ({ told: told(answer), retryAfter: answer.headers.get('retry-after') }));
  };

  const statusesOf = async (requests: (() => Promise<Answer>)[]): Promise<number[]> => {
    const given = await Promise.all(requests.map((send) => send()));
    return given.map(({ status }) => status);
  };

  it('is not believed that something is not there', async () => {
    const requests = [
      () => api.read(UNKNOWN_ID),
      () => api.list(UNKNOWN_ID),
      () => api.rename(UNKNOWN_ID, { name: 'x' }),
      () => api.revoke(UNKNOWN_ID),
      () => api.mint(UNKNOWN_ID),
      () => api.config(UNKNOWN_ID),
    ];
    expect(await answers(requests)).toEqual(requests.map(() => UNAVAILABLE));
    expect(await statusesOf(requests)).toEqual(requests.map(() => 404));
  });

  it('is not believed that the state of things forbids it, and nothing is told of that', async () => {
    const { id, tokenId } = await app.given.identity();
    const weak = await app.given.identity({ role: 'member' });
    const requests = [() => api.attach(id), () => api.mint(id, {}, weak.token), () => api.revoke(tokenId, weak.token)];
    expect(await answers(requests)).toEqual(requests.map(() => UNAVAILABLE));
    const refusals = 'SELECT FROM audit_event WHERE actor_identity_id = $1';
    expect(await app.db.query(refusals, [weak.id])).toHaveLength(0);
    expect(await statusesOf(requests)).toEqual([400, 403, 403]);
    expect(await app.db.query(refusals, [weak.id])).toHaveLength(2);
  });

  it('is not believed that it knows no such token', async () => {
    const [bearer, subject] = [await app.given.identity(), await app.given.identity()];
    await app.db.query('DELETE FROM access_token WHERE id = ANY($1)', [[bearer.tokenId, subject.tokenId]]);
    const asBearer = () => app.http.get('/api/v1/identities/details', { token: bearer.token });
    const asSubject = () => oauth.introspect({ token: subject.token });
    expect(await answers([asBearer, asSubject])).toEqual([UNAVAILABLE, OAUTH_UNAVAILABLE]);
    expect((await asBearer()).status).toBe(401);
    expect((await asSubject()).body).toEqual({ active: false });
  });

  it.each([
    ['ended', 'UPDATE access_token SET expires_at = created_at WHERE id = $1', 'id'],
    ['switched off', 'UPDATE membership SET is_active = false WHERE identity_id = $1', 'identity'],
    ['let in from elsewhere', `UPDATE token_auth_config SET trusted_ips = '[]' WHERE identity_id = $1`, 'identity'],
  ])('is not believed that a token is %s, which another may know better', async (_what, statement, whose) => {
    const [bearer, subject] = [await app.given.identity(), await app.given.identity()];
    for (const one of [bearer, subject]) await app.db.query(statement, [whose === 'id' ? one.tokenId : one.id]);
    const asBearer = () => app.http.get('/api/v1/identities/details', { token: bearer.token });
    const asSubject = () => oauth.introspect({ token: subject.token });
    expect(await answers([asBearer, asSubject])).toEqual([UNAVAILABLE, OAUTH_UNAVAILABLE]);
    expect([401, 403]).toContain((await asBearer()).status);
    expect((await asSubject()).body).toEqual({ active: false });
  });

  it('is not believed when another is found to have taken over', async () => {
    const { token } = await app.given.root();
    const read = () => replica.http.get(`/api/v1/auth/token-auth/tokens/${UNKNOWN_ID}`, { token });
    expect((await read()).status).toBe(404);
    const log = proxy.holdBack('INSERT INTO replica');
    await log.answered;
    const record = proxy.holdBack('read_token_record');
    const asked = read();
    await record.answered;
    record.letGo();
    expect((await replica.http.get('/api/v1/identities/details', { token })).status).toBe(200);
    proxy.disguise('00000001', '00000002');
    log.letGo();
    expect(told(await asked)).toEqual(UNAVAILABLE.told);
    expect((await read()).status).toBe(404);
  });

  it.each([
    ['unknown', 'DELETE FROM access_token WHERE id = $1'],
    ['revoked', 'UPDATE access_token SET revoked_at = now() WHERE id = $1'],
  ])('is not believed that a token to be revoked is %s', async (_state, statement) => {
    const { token, tokenId } = await app.given.identity();
    await app.db.query(statement, [tokenId]);
    const revoke = () => oauth.revoke({ token });
    expect(await answers([revoke])).toEqual([OAUTH_UNAVAILABLE]);
    expect(told(await revoke())).toEqual({ status: 200, body: {} });
  });

  it('is not believed that whoever wants to end an expired text may not', async () => {
    const { token } = await app.given.identity({ config: { accessTokenTTL: 60 } });
    app.clock.advance(60);
    const weak = await app.given.identity({ role: 'member' });
    const revoke = () => oauth.revoke({ token }, { authorization: `Bearer ${weak.token}` });
    expect(await answers([revoke])).toEqual([OAUTH_UNAVAILABLE]);
    expect(told(await revoke())).toEqual({ status: 200, body: {} });
  });
});
