import { oauthRefusal, refusal, told } from '../support/answers.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import type { GivenIdentity } from '../support/fixtures.js';
import type { Answer } from '../support/http-client.js';
import { OAuth2Api } from '../support/oauth2-api.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi, UNKNOWN_ID } from '../support/token-auth-api.js';
import { withoutTriggers } from '../support/without-triggers.js';

const ANY = expect.any(String);
const BY_ID = 'WHERE id = $1';
const BY_IDENTITY = 'WHERE identity_id = $1';
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
    await putInDoubt();
  });
  afterAll(async () => {
    await replica.stop();
    await proxy.cut();
    await app.stop();
  });

  /** A request, what it is answered while nobody can confirm that, and what afterwards. */
  interface Doubtful {
    send: () => Promise<Answer>;
    inDoubt: object;
    confirmed: object;
  }

  const refused = (status: number, send: () => Promise<Answer>): Doubtful => ({
    send,
    inDoubt: UNAVAILABLE,
    confirmed: { status },
  });
  const doubtful = (body: object, send: () => Promise<Answer>): Doubtful => ({
    send,
    inDoubt: OAUTH_UNAVAILABLE,
    confirmed: { status: 200, body },
  });

  /** By whoever bears a token in such a state, and by whoever asks about one. */
  const inState = async (set: string, where: string, status = 401): Promise<Doubtful[]> => {
    const [bearer, subject] = [await app.given.identity(), await app.given.identity()];
    for (const { id, tokenId } of [bearer, subject])
      await withoutTriggers(app.db, `${set} ${where}`, [where === BY_ID ? tokenId : id]);
    return [
      refused(status, () => app.http.get('/api/v1/identities/details', { token: bearer.token })),
      doubtful({ active: false }, () => oauth.introspect({ token: subject.token })),
    ];
  };

  const CASES: Record<string, () => Promise<Doubtful[]>> = {
    'that something is not there': async () => [
      refused(404, () => api.read(UNKNOWN_ID)),
      refused(404, () => api.list(UNKNOWN_ID)),
      refused(404, () => api.rename(UNKNOWN_ID, { name: 'x' })),
      refused(404, () => api.revoke(UNKNOWN_ID)),
      refused(404, () => api.mint(UNKNOWN_ID)),
      refused(404, () => api.config(UNKNOWN_ID)),
    ],
    'that the state of things forbids it': async () => {
      const { id } = await app.given.identity();
      return [refused(400, () => api.attach(id))];
    },
    'that there is no such token': async () => inState('DELETE FROM access_token', BY_ID),
    'that a token has ended': async () => inState('UPDATE access_token SET expires_at = created_at', BY_ID),
    'that a token is switched off': async () => inState('UPDATE membership SET is_active = false', BY_IDENTITY),
    'that a token comes from elsewhere': async () =>
      inState(`UPDATE token_auth_config SET trusted_ips = '[]'`, BY_IDENTITY, 403),
    'that a token to be revoked is not there': async () => {
      const { token, tokenId } = await app.given.identity();
      await app.db.query(`DELETE FROM access_token ${BY_ID}`, [tokenId]);
      return [doubtful({}, () => oauth.revoke({ token }))];
    },
    'that a token to be revoked is dead': async () => {
      const { token, tokenId } = await app.given.identity();
      await app.db.query(`UPDATE access_token SET revoked_at = now() ${BY_ID}`, [tokenId]);
      return [doubtful({}, () => oauth.revoke({ token }))];
    },
    'that whoever wants to end an expired text may not': async () => {
      const { token } = await app.given.identity({ config: { accessTokenTTL: 60 } });
      app.clock.advance(60);
      const weak = await app.given.identity({ role: 'member' });
      return [doubtful({}, () => oauth.revoke({ token }, { authorization: `Bearer ${weak.token}` }))];
    },
    'that the caller may not': async () => {
      const { id, tokenId } = await app.given.identity();
      weak = await app.given.identity({ role: 'member' });
      return [refused(403, () => api.mint(id, {}, weak.token)), refused(403, () => api.revoke(tokenId, weak.token))];
    },
  };

  const asked = new Map<string, { doubts: Doubtful[]; answers: Answer[] }>();
  let weak: GivenIdentity;

  /** Such a server answers what it is asked, and can complete nothing. All at once, for soon nobody is let in at all. */
  const putInDoubt = async (): Promise<void> => {
    for (const [name, prepare] of Object.entries(CASES)) asked.set(name, { doubts: await prepare(), answers: [] });
    const holder = app.db.createQueryRunner();
    await holder.startTransaction();
    await app.catchUp();
    await holder.query('LOCK TABLE replica IN ACCESS EXCLUSIVE MODE');
    await Promise.all(
      [...asked.values()].map(async (one) => {
        one.answers = await Promise.all(one.doubts.map(async ({ send }) => send()));
      }),
    );
    await holder.rollbackTransaction();
    await holder.release();
  };

  it.each(Object.keys(CASES))('is not believed %s', async (name) => {
    const { doubts = [], answers = [] } = asked.get(name) ?? {};
    const given = answers.map((answer) => ({ told: told(answer), retryAfter: answer.headers.get('retry-after') }));
    expect(given).toEqual(doubts.map(({ inDoubt }) => inDoubt));
    for (const { send, confirmed } of doubts) expect(told(await send())).toMatchObject(confirmed);
  });

  it('has nobody told in the audit log of what it refused', async () => {
    const refusals: object[] = await app.db.query(
      `SELECT FROM audit_event WHERE actor_identity_id = $1 AND req_id = ANY($2)`,
      [weak.id, asked.get('that the caller may not')?.answers.map(({ headers }) => headers.get('x-request-id'))],
    );
    expect(refusals).toEqual([]);
  });

  it('is not believed when another is found to have taken over', async () => {
    const { token } = await app.given.root();
    const read = () => replica.http.get(`/api/v1/auth/token-auth/tokens/${UNKNOWN_ID}`, { token });
    expect((await read()).status).toBe(404);
    const log = proxy.holdBack('INSERT INTO replica');
    await log.answered;
    const record = proxy.holdBack('read_token_record');
    const late = read();
    await record.answered;
    record.letGo();
    expect((await replica.http.get('/api/v1/identities/details', { token })).status).toBe(200);
    proxy.disguise('00000001', '00000002');
    log.letGo();
    expect(told(await late)).toEqual(UNAVAILABLE.told);
    expect((await read()).status).toBe(404);
  });
});
