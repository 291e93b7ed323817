import { until } from '../faults/until.js';
import { refusal, told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';

const NOT_TRUSTED = refusal(503, 'ServiceUnavailable', expect.any(String));

describe('a database that may be an older state of itself', () => {
  let app: TestApp;
  beforeEach(async () => {
    app = await TestApp.start();
  });
  afterEach(() => app.stop());

  const everything = async (token: string) => [
    await app.http.get('/api/v1/identities/details', { token }),
    await app.http.post('/api/v1/auth/token/renew', { body: { accessToken: token } }),
    await app.http.post('/api/v1/auth/token/revoke', { body: { accessToken: token } }),
    await app.http.post('/api/v1/identities', { token, body: { name: 'x', organizationId: 'x' } }),
  ];

  /** The replica has seen the entry of a revocation. Gives the administrator's token. */
  const revokeOne = async (): Promise<string> => {
    const { token } = await app.given.root();
    const { tokenId } = await app.given.identity();
    await app.http.post(`/api/v1/auth/token-auth/tokens/${tokenId}/revoke`, { token });
    await app.catchUp();
    return token;
  };

  /** The log is as it was before that. */
  const loseRevocation = async (): Promise<string> => {
    const token = await revokeOne();
    await app.db.query('DELETE FROM revocation');
    await app.catchUp();
    return token;
  };

  const ADD = `
    INSERT INTO revocation (transaction_id, effect, scope, key, keep_until, created_at)
    VALUES (pg_current_xact_id()::text::bigint, 'changed', 'token', gen_random_uuid(), now(), now())`;

  /** At once, there are only other entries, and later ones. */
  const replaceLog = (): Promise<void> =>
    app.db.transaction(async (tx) => {
      await tx.query('DELETE FROM revocation');
      for (let entry = 0; entry < 3; entry += 1) await tx.query(ADD);
    });

  it('whose log ends before what was seen is not believed', async () => {
    const token = await loseRevocation();
    for (const answer of await everything(token)) expect(told(answer)).toEqual(NOT_TRUSTED);
  });

  it('whose log has grown again since is not either', async () => {
    const token = await loseRevocation();
    await app.db.query(ADD);
    await app.catchUp();
    for (const answer of await everything(token)) expect(told(answer)).toEqual(NOT_TRUSTED);
  });

  it('whose log has grown past what was seen by the time it is read is not either, and nobody who starts on it believes it', async () => {
    const token = await revokeOne();
    // What is to be kept is judged by PostgreSQL's clock, which is not the test's.
    await app.db.query(`UPDATE revocation SET keep_until = now() + interval '1 day'`);
    await app.catchUp();
    await replaceLog();
    await app.catchUp();
    for (const answer of await everything(token)) expect(told(answer)).toEqual(NOT_TRUSTED);
    await until('the doubt is kept', async () => {
      const rows: object[] = await app.db.query('SELECT FROM instance WHERE database_oid IS NULL');
      return rows.length === 1;
    });
    const later = await TestApp.start({ beside: app });
    expect(told(await later.http.get('/api/v1/identities/details', { token }))).toEqual(NOT_TRUSTED);
    await later.stop();
  });

  it('is believed whose clean-up has taken what was seen, once its time was over', async () => {
    const token = await revokeOne();
    await replaceLog();
    await app.catchUp();
    expect((await app.http.get('/api/v1/identities/details', { token })).status).toBe(200);
  });

  it.each(['system_identifier', 'database_oid'])('whose rows were written under another %s is not', async (column) => {
    const { token } = await app.given.root();
    await app.db.query(`UPDATE instance SET ${column} = 1`);
    await app.catchUp();
    for (const answer of await everything(token)) expect(told(answer)).toEqual(NOT_TRUSTED);
  });

  it('is not believed by a replica that starts on it either', async () => {
    const { token } = await app.given.root();
    await app.db.query('UPDATE instance SET database_oid = 1');
    const later = await TestApp.start({ beside: app });
    expect(told(await later.http.get('/api/v1/identities/details', { token }))).toEqual(NOT_TRUSTED);
    await later.stop();
  });

  it('empties memory when it begins a new incarnation', async () => {
    const { token, tokenId } = await app.given.identity();
    expect((await app.http.get('/api/v1/identities/details', { token })).status).toBe(200);
    await app.db.query('UPDATE access_token SET revoked_at = now() WHERE id = $1', [tokenId]);
    expect((await app.http.get('/api/v1/identities/details', { token })).status).toBe(200);
    await app.db.query('UPDATE instance SET incarnation = uuidv7()');
    await app.catchUp();
    expect((await app.http.get('/api/v1/identities/details', { token })).status).toBe(401);
  });
});
