import { TokenIssuer } from '../../src/access-token/mint/token-issuer.service.js';
import { refusal, told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

/** A change whose rows can't all be written doesn't happen. GHSA-7j6w-vvw2-5f9c, CVE-2020-15223. */
describe('a change that fails on its way', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
    await app.db.query(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN RAISE EXCEPTION 'no room for %', row_to_json(NEW); END $$`);
  });
  afterAll(() => app.stop());

  /** While it runs, every insert into the table fails. */
  const whileFailing = async <T>(table: string, work: () => Promise<T>): Promise<T> => {
    await app.db.query(`CREATE TRIGGER fail BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION fail()`);
    try {
      return await work();
    } finally {
      await app.db.query(`DROP TRIGGER fail ON ${table}`);
    }
  };
  const FAULT = refusal(500, 'InternalServerError', 'Something went wrong');
  const count = async (table: string): Promise<number> => {
    const [row]: { count: number }[] = await app.db.query(`SELECT count(*)::int AS count FROM ${table}`);
    return row?.count ?? 0;
  };

  it.each(['access_token', 'audit_event'])('mints nothing when %s takes no row', async (table) => {
    const { id, token } = await app.given.identity({ role: 'admin', config: { accessTokenNumUsesLimit: 50 } });
    const before = [await count('access_token'), await count('audit_event')];
    expect(told(await whileFailing(table, () => api.mint(id, { name: 'secret-name' }, token)))).toEqual(FAULT);
    expect([await count('access_token'), await count('audit_event')]).toEqual(before);
    expect((await api.mint(id, {}, token)).status).toBe(200);
  });

  it.each(['access_token', 'audit_event', 'idempotency_key'])(
    'mints nothing under a key when %s takes no row, and mints when it is sent again',
    async (table) => {
      const id = await app.given.bareIdentity();
      await api.attach(id);
      const path = `/api/v1/auth/token-auth/identities/${id}/tokens`;
      const { token } = await app.given.root();
      const mint = () => app.http.post(path, { token, headers: { 'idempotency-key': 'once' } });
      const written = () => Promise.all(['access_token', 'audit_event', 'idempotency_key'].map(count));
      const before = await written();
      expect(told(await whileFailing(table, mint))).toEqual(FAULT);
      expect(await written()).toEqual(before);
      expect((await mint()).status).toBe(200);
      expect(await written()).toEqual(before.map((rows) => rows + 1));
    },
  );

  it('mints nothing when it can not be signed', async () => {
    const { id } = await app.given.identity();
    const before = [await count('access_token'), await count('audit_event')];
    const signing = jest.spyOn(app.nest.get(TokenIssuer), 'signClaims').mockImplementationOnce(() => {
      throw new Error('no signature');
    });
    expect(told(await api.mint(id))).toEqual(FAULT);
    signing.mockRestore();
    expect([await count('access_token'), await count('audit_event')]).toEqual(before);
  });

  it('attaches nothing when the audit log takes no row', async () => {
    const id = await app.given.bareIdentity();
    expect(told(await whileFailing('audit_event', () => api.attach(id)))).toEqual(FAULT);
    expect((await api.config(id)).status).toBe(404);
  });

  it.each(['audit_event', 'revocation', 'epoch'])('detaches nothing when %s takes no row', async (table) => {
    const { id, token } = await app.given.identity();
    expect(told(await whileFailing(table, () => api.detach(id)))).toEqual(FAULT);
    expect((await api.config(id)).status).toBe(200);
    expect(await api.use(token)).toBe(200);
  });

  it.each(['audit_event', 'revocation'])('never says that it revoked when %s takes no row', async (table) => {
    const { token, tokenId } = await app.given.identity();
    expect(told(await whileFailing(table, () => api.revoke(tokenId)))).toEqual(FAULT);
    const revokeSelf = () => app.http.post('/api/v1/auth/token/revoke', { body: { accessToken: token } });
    expect(told(await whileFailing(table, revokeSelf))).toEqual(FAULT);
    expect(await api.use(token)).toBe(200);
    expect((await api.revoke(tokenId)).status).toBe(200);
    expect(await api.use(token)).toBe(401);
  });

  it('renews nothing when the audit log takes no row', async () => {
    const { token, tokenId } = await app.given.identity({ config: { accessTokenTTL: 600 } });
    const before = (await api.read(tokenId)).body;
    const renew = () => app.http.post('/api/v1/auth/token/renew', { body: { accessToken: token } });
    expect(told(await whileFailing('audit_event', renew))).toEqual(FAULT);
    expect((await api.read(tokenId)).body).toEqual(before);
  });

  it('logs the cause under the id that the caller was told, and nothing secret', async () => {
    const { id, token } = await app.given.identity({ role: 'admin' });
    const { body } = await whileFailing('audit_event', () => api.mint(id, {}, token));
    const causes = app.log.filter((line) => (line as { reqId?: string }).reqId === body.reqId);
    expect(causes).toContainEqual(
      expect.objectContaining({ level: 'error', err: expect.objectContaining({ code: 'P0001' }) }),
    );
    expect(app.logLines.join('')).not.toContain(token.split('.')[2]);
  });
});
