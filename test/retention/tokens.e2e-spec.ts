import { TokenUsage } from '../../src/access-token/usage/token-usage.service.js';
import { DAY, MARGIN, PastRecords } from '../support/past-records.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

const RETENTION = 90 * DAY;

describe('the record of a token', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  let past: PastRecords;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
    past = new PastRecords(app);
  });
  afterAll(() => app.stop());

  const given = () => app.given.identity({ config: { accessTokenTTL: 600 } });
  const renew = (accessToken: string) => app.http.post('/api/v1/auth/token/renew', { body: { accessToken } });
  const statusAfter = async (seconds: number, tokenId: string): Promise<number> => {
    app.clock.advance(seconds);
    await past.cleanUp();
    return (await api.read(tokenId)).status;
  };

  const ends: [name: string, end: (id: string, tokenId: string) => Promise<unknown>][] = [
    ['that expired', async () => undefined],
    ['that was revoked', (_, tokenId) => api.revoke(tokenId)],
    ['that was detached', (id) => api.detach(id)],
  ];
  it.each(ends)('%s leaves 90 days after its end, and not before', async (_name, end) => {
    const { id, tokenId } = await given();
    await end(id, tokenId);
    expect(await statusAfter(600 + RETENTION - 1, tokenId)).toBe(200);
    expect(await statusAfter(1, tokenId)).toBe(404);
  });

  it('takes the count of its uses along', async () => {
    const { token, tokenId } = await given();
    await api.use(token);
    await app.nest.get(TokenUsage).flush();
    expect(await past.count('access_token_usage', 'token_id', tokenId)).toBe(1);
    expect(await statusAfter(600 + RETENTION, tokenId)).toBe(404);
    expect(await past.count('access_token_usage', 'token_id', tokenId)).toBe(0);
  });

  it('counts from the end that a renewal gave', async () => {
    const { token, tokenId } = await given();
    app.clock.advance(500);
    await renew(token);
    expect(await statusAfter(100 + RETENTION, tokenId)).toBe(200);
    expect(await statusAfter(500, tokenId)).toBe(404);
  });

  it('stays while the token lives', async () => {
    const { token, tokenId } = await app.given.identity({ config: { accessTokenTTL: 0, accessTokenMaxTTL: 0 } });
    expect(await statusAfter(2 * RETENTION, tokenId)).toBe(200);
    expect(await api.use(token)).toBe(200);
  });

  it('leaves in batches, however many there are, and leaves those that live alone', async () => {
    const [ended, alive] = [await given(), await app.given.identity({ config: { accessTokenTTL: 0 } })];
    await past.copy(ended.tokenId, 1234);
    await past.copy(alive.tokenId, 10);
    app.clock.advance(600 + RETENTION);
    expect((await past.cleanUp()).access_token).toBeGreaterThanOrEqual(1235);
    expect(await past.count('access_token', 'identity_id', ended.id)).toBe(0);
    expect(await past.count('access_token', 'identity_id', alive.id)).toBe(11);
  });

  it('is found by its end, not by reading all', async () => {
    const { tokenId } = await given();
    await past.copy(tokenId, 20_000);
    await app.db.query('ANALYZE access_token');
    const plan: { 'QUERY PLAN': string }[] = await app.db.query(
      `EXPLAIN SELECT id FROM access_token WHERE expires_at <= $1 ORDER BY expires_at LIMIT 500 FOR UPDATE SKIP LOCKED`,
      [app.clock.now()],
    );
    expect(plan.map((line) => line['QUERY PLAN']).join()).toContain('ix_access_token_expires_at');
  });

  describe('without a retention', () => {
    let brief: TestApp;
    beforeAll(async () => {
      brief = await TestApp.start({ beside: app, env: { TOKEN_RECORD_RETENTION: '0' } });
    });
    afterAll(() => brief.stop());

    it('stays five minutes longer than the token, for clocks differ', async () => {
      const { tokenId } = await given();
      const statusBy = async (seconds: number) => {
        app.clock.advance(seconds);
        await new PastRecords(brief).cleanUp();
        return (await api.read(tokenId)).status;
      };
      expect(await statusBy(600 + MARGIN - 1)).toBe(200);
      expect(await statusBy(1)).toBe(404);
    });

    describe('is a marker that never leaves before what it marks (CVE-2021-29653)', () => {
      const revocations: [name: string, scope: string, revoke: (id: string, tokenId: string) => Promise<unknown>][] = [
        ['revoked by itself', 'token', (_, tokenId) => api.revoke(tokenId)],
        [
          'detached, and attached again',
          'identity-method',
          async (id) => {
            await api.detach(id);
            await api.attach(id);
          },
        ],
      ];
      it.each(revocations)('%s: the token stays dead at every moment', async (_name, scope, revoke) => {
        app.clock.advance(1 - (app.clock.now().getTime() % 1000) / 1000);
        const { id, token, tokenId } = await given();
        const { accessToken } = (await renew(token)).body as { accessToken: string };
        await revoke(id, tokenId);
        // The newest entry would stay in any case.
        await api.revoke((await given()).tokenId);
        const key = scope === 'token' ? tokenId : `${id}:token-auth`;
        for (const step of [0, 1, 298, 1, 299, 0.999, 0.001, 1, 298.9]) {
          app.clock.advance(step);
          await past.cleanUp();
          await new PastRecords(brief).cleanUp();
          for (const text of [token, accessToken]) {
            expect([await api.use(text), (await renew(text)).status]).toEqual([401, 401]);
          }
          expect(await past.count('revocation', 'key', key)).toBe(1);
          expect(await past.count('access_token', 'id', tokenId)).toBe(1);
        }
      });
    });
  });
});
