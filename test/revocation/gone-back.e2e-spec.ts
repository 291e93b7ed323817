import { MintEpochs } from '../../src/access-token/mint/mint-epochs.service.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { TestApp } from '../support/test-app.js';
import { copyDatabase, createDatabase, dropDatabase } from '../support/test-database.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

/** Milliseconds for which the log can't be read. */
const BLIND_MS = 1000;

describe('a database that was exchanged for an older state of itself', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  let url: string;
  const proxy = new DatabaseProxy();
  beforeEach(async () => {
    url = await createDatabase();
    app = await TestApp.start({ via: () => proxy.open(url) });
    api = new TokenAuthApi(app);
  });
  afterEach(async () => {
    await app.nest.close();
    await proxy.cut();
    await dropDatabase(url);
  });

  /** Revokes a token, and takes the database back to before. The log has been read just before, and is not for now. */
  const goBack = async (tokenId: string): Promise<void> => {
    await proxy.cut();
    const putBack = await copyDatabase(url);
    await proxy.restore(url);
    await app.catchUp();
    expect((await api.revoke(tokenId)).status).toBe(200);
    await app.catchUp();
    await proxy.cut();
    await putBack();
    void proxy.hold('pg_current_snapshot', BLIND_MS);
    await proxy.restore(url);
  };

  it('lets nobody in and changes nothing from the first connection on, though what is known is still fresh', async () => {
    const { id, token, tokenId } = await app.given.identity({ role: 'admin' });
    const bystander = await app.given.identity({ role: 'admin' });
    await goBack(tokenId);
    const answers = await Promise.all([
      api.mint(id, {}, token),
      api.rename(tokenId, { name: 'x' }, token),
      api.use(token).then((status) => ({ status })),
      api.mint(bystander.id, {}, bystander.token),
      api.rename(bystander.tokenId, { name: 'x' }, bystander.token),
      api.use(bystander.token).then((status) => ({ status })),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503, 503, 503]);
  });

  it.each<Record<string, string>>([{}, { 'idempotency-key': 'x' }])(
    'mints nothing for whoever was let in just before: %j',
    async (headers) => {
      const { id, token, tokenId } = await app.given.identity({ role: 'admin' });
      const epochs = app.nest.get(MintEpochs);
      const epochOf = epochs.of.bind(epochs);
      let letGo = (): void => undefined;
      const judged = new Promise<void>((isJudged) => {
        jest.spyOn(epochs, 'of').mockImplementationOnce(async (...place) => {
          const epoch = await epochOf(...place);
          isJudged();
          await new Promise<void>((resolve) => (letGo = resolve));
          return epoch;
        });
      });
      const late = app.http.post(`/api/v1/auth/token-auth/identities/${id}/tokens`, { token, body: {}, headers });
      await judged;
      await goBack(tokenId);
      letGo();
      expect((await late).status).toBe(503);
      await app.catchUp();
      const rows: object[] = await app.db.query('SELECT FROM access_token WHERE minted_by = $1', [id]);
      expect(rows).toEqual([]);
    },
  );
});
