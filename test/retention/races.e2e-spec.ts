import { Logger } from '@nestjs/common';
import { MARGIN, PastRecords } from '../support/past-records.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';
import { waitsForLock } from '../support/waiting.js';
import { withoutTriggers } from '../support/without-triggers.js';

/** How the statement begins that holds a caller. */
const HOLD = 't.identity_id AS "identityId"';

const DELETE = 'DELETE FROM access_token WHERE id = $1';

describe('the clean-up, racing with what callers do', () => {
  let app: TestApp;
  let replica: TestApp;
  let api: TokenAuthApi;
  let past: PastRecords;
  beforeAll(async () => {
    app = await TestApp.start({ env: { TOKEN_RECORD_RETENTION: '0' } });
    replica = await TestApp.start({ beside: app, env: { TOKEN_RECORD_RETENTION: '0' } });
    api = new TokenAuthApi(app);
    past = new PastRecords(app);
  });
  afterAll(async () => {
    await replica.stop();
    await app.stop();
  });

  const renew = (accessToken: string, at = app) => at.http.post('/api/v1/auth/token/renew', { body: { accessToken } });
  const revokeSelf = (accessToken: string) => app.http.post('/api/v1/auth/token/revoke', { body: { accessToken } });
  const given = (config: object = {}) =>
    app.given.identity({ role: 'admin', config: { accessTokenTTL: 600, ...config } });
  const isThere = async (tokenId: string) => (await past.count('access_token', 'id', tokenId)) === 1;

  it('revives nothing, and lets every request end well, at every moment around the end', async () => {
    const { id } = await given();
    const tokens = await Promise.all(Array.from({ length: 24 }, () => app.given.mint(id)));
    app.clock.advance(600 + MARGIN - 1);
    const seen = new Map<string, Set<number>>();
    const note = (what: string, status: number) => seen.set(what, (seen.get(what) ?? new Set()).add(status));
    const act = async ({ accessToken, tokenData }: (typeof tokens)[number]) =>
      Promise.all([
        api.revoke(tokenData.id).then(({ status }) => note('revoke', status)),
        api.rename(tokenData.id, { name: 'late' }).then(({ status }) => note('rename', status)),
        api.read(tokenData.id).then(({ status }) => note('read', status)),
        renew(accessToken).then(({ status }) => note('renew', status)),
        renew(accessToken, replica).then(({ status }) => note('renew', status)),
        revokeSelf(accessToken).then(({ status }) => note('self-revoke', status)),
        api.use(accessToken).then((status) => note('use', status)),
      ]);
    const acts = tokens.map(act);
    app.clock.advance(1);
    const cleanUps = [past.cleanUp(), new PastRecords(replica).cleanUp()];
    await Promise.all([...acts, ...tokens.map(act), ...cleanUps]);
    await past.cleanUp();
    expect(await past.count('access_token', 'identity_id', id)).toBe(0);
    for (const what of ['renew', 'self-revoke', 'use']) expect([what, ...(seen.get(what) ?? [])]).toEqual([what, 401]);
    for (const what of ['revoke', 'rename', 'read']) {
      expect([...(seen.get(what) ?? [])].filter((status) => status !== 200 && status !== 404)).toEqual([]);
    }
    for (const { accessToken } of tokens) expect(await api.use(accessToken)).toBe(401);
  });

  it('leaves a record alone that somebody is about to change, and takes the others', async () => {
    const [held, other] = [await given(), await given()];
    app.clock.advance(600 + MARGIN);
    const tx = app.db.createQueryRunner();
    await tx.startTransaction();
    await tx.query('SELECT id FROM access_token WHERE id = $1 FOR NO KEY UPDATE', [held.tokenId]);
    await past.cleanUp();
    expect([await isThere(held.tokenId), await isThere(other.tokenId)]).toEqual([true, false]);
    await tx.commitTransaction();
    await tx.release();
    await past.cleanUp();
    expect(await isThere(held.tokenId)).toBe(false);
  });

  describe('a record that vanishes', () => {
    type Given = Awaited<ReturnType<typeof given>>;
    const acts: [name: string, status: number, words: string, act: (token: Given) => Promise<number>][] = [
      ['revoked by id', 404, 'FOR NO KEY UPDATE', async ({ tokenId }) => (await api.revoke(tokenId)).status],
      ['renamed', 404, 'FOR NO KEY UPDATE', async ({ tokenId }) => (await api.rename(tokenId, { name: '' })).status],
      ['renewed', 401, 'FOR NO KEY UPDATE', async ({ token }) => (await renew(token)).status],
      ['revoked by its holder', 401, 'FOR NO KEY UPDATE', async ({ token }) => (await revokeSelf(token)).status],
      ['used, with a limit', 401, 'num_uses + 1', ({ token }) => api.use(token)],
      ['used to change another', 401, HOLD, async ({ id, token }) => (await api.detach(id, token)).status],
    ];
    it.each(acts)('while it is %s gives %i', async (_name, status, words, act) => {
      const token = await given({ accessTokenNumUsesLimit: 5 });
      const tx = app.db.createQueryRunner();
      await tx.startTransaction();
      // The limited use of the caller's own token comes before what waits for its row as a caller's.
      if (words === HOLD)
        await withoutTriggers(app.db, 'UPDATE access_token SET num_uses_limit = 0 WHERE id = $1', [token.tokenId]);
      await tx.query(DELETE, [token.tokenId]);
      const answer = act(token);
      await waitsForLock(app.db, words);
      await tx.commitTransaction();
      await tx.release();
      expect(await answer).toBe(status);
    });
  });

  it('happens on one replica at a time, and gives each row to one', async () => {
    const { id, tokenId } = await given();
    await past.copy(tokenId, 1400);
    app.clock.advance(600 + MARGIN);
    const runs = await Promise.all([past.cleanUp(), new PastRecords(replica).cleanUp()]);
    const removed = runs.reduce((sum, { access_token: count = 0 }) => sum + count, 0);
    expect(removed).toBeGreaterThanOrEqual(1401);
    expect(await past.count('access_token', 'identity_id', id)).toBe(0);
  });

  it('leaves to another replica no more than the kind of row that the other is at', async () => {
    const { id, tokenId } = await given();
    const holder = app.db.createQueryRunner();
    await holder.startTransaction();
    await holder.query('LOCK TABLE idempotency_key IN ACCESS EXCLUSIVE MODE');
    const other = new PastRecords(replica).cleanUp();
    await waitsForLock(app.db, 'DELETE FROM idempotency_key');
    await past.copy(tokenId, 1400);
    app.clock.advance(600 + MARGIN);
    await past.cleanUp();
    await holder.commitTransaction();
    await holder.release();
    await other;
    expect(await past.count('access_token', 'identity_id', id)).toBe(0);
  });

  it('ends between two batches when the service stops', async () => {
    const { id, tokenId } = await given();
    await past.copy(tokenId, 1400);
    app.clock.advance(600 + MARGIN);
    const stopping = await TestApp.start({ beside: app, env: { TOKEN_RECORD_RETENTION: '0' } });
    const warn = jest.spyOn(Logger.prototype, 'warn');
    const run = new PastRecords(stopping).cleanUp();
    await stopping.stop();
    const { access_token: removed = 0 } = await run;
    expect(removed).toBeLessThan(1401);
    expect(await past.count('access_token', 'identity_id', id)).toBe(1401 - removed);
    expect(warn).not.toHaveBeenCalled();
    await past.cleanUp();
  });
});
