import { AccessTokenService } from '../../src/access-token/access-token.service.js';
import { TokenProof } from '../../src/access-token/token-proof.service.js';
import { AccessTokenMetrics } from '../../src/access-token/access-token-metrics.js';
import { TokenUsage } from '../../src/access-token/usage/token-usage.service.js';
import { newId, newReqId } from '../../src/common/random-id.js';
import { OAuth2Api } from '../support/oauth2-api.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

interface Usage {
  count: number;
  at: Date;
  from: string;
}

describe('the use of a token', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());
  afterEach(() => jest.restoreAllMocks());

  const usage = (of = app) => of.nest.get(TokenUsage);
  /** That of a replica which shares the database. */
  const usageBeside = () => new TokenUsage(app.db, app.nest.get(AccessTokenMetrics));
  const recordOf = async (tokenId: string) => (await api.read(tokenId)).body.token as object;
  const stored = async (tokenId: string): Promise<Usage | undefined> => {
    const [row]: Usage[] = await app.db.query(
      `SELECT num_uses::int AS count, last_used_at AS at, host(last_used_from) AS "from"
       FROM access_token_usage WHERE token_id = $1`,
      [tokenId],
    );
    return row;
  };
  const seconds = (count: number) => new Date(app.clock.now().getTime() + count * 1000);

  it('shows in the record, and in the list: how often and when last', async () => {
    const { id, token, tokenId } = await app.given.identity();
    expect(await recordOf(tokenId)).toMatchObject({ accessTokenNumUses: 0, accessTokenLastUsedAt: null });
    await api.use(token);
    app.clock.advance(5);
    await api.use(token);
    await usage().flush();
    const shown = { accessTokenNumUses: 2, accessTokenLastUsedAt: app.clock.now().toISOString() };
    expect(await recordOf(tokenId)).toMatchObject(shown);
    expect((await api.list(id)).body.tokens).toMatchObject([shown]);
    expect(await stored(tokenId)).toMatchObject({ from: '127.0.0.1' });
  });

  it('is counted whatever came of the request, once the token was accepted', async () => {
    const { id, token, tokenId } = await app.given.identity();
    expect((await api.mint(id, {}, token)).status).toBe(403);
    await usage().flush();
    expect(await recordOf(tokenId)).toMatchObject({ accessTokenNumUses: 1 });
  });

  it('is none when it was refused', async () => {
    const { token, tokenId } = await app.given.identity({
      config: { accessTokenTrustedIps: [{ ipAddress: '192.0.2.1' }] },
    });
    expect(await api.use(token)).toBe(403);
    await usage().flush();
    expect(await stored(tokenId)).toBeUndefined();
  });

  it('is none when it is only looked at', async () => {
    const { token, tokenId } = await app.given.identity();
    await app.http.post('/api/v1/auth/token/renew', { body: { accessToken: token } });
    await usage().flush();
    expect(await stored(tokenId)).toBeUndefined();
  });

  it.each([
    { consume: true, uses: 1 },
    { consume: false, uses: 0 },
  ])('is counted $uses times by an introspection with consume=$consume', async ({ consume, uses }) => {
    const { token, tokenId } = await app.given.identity();
    const { body } = await new OAuth2Api(app).introspect({ token, consume, client_address: '192.0.2.7' });
    expect(body).toMatchObject({ active: true });
    await usage().flush();
    expect(await recordOf(tokenId)).toMatchObject({ accessTokenNumUses: uses });
    expect((await stored(tokenId))?.from).toBe(uses > 0 ? '192.0.2.7' : undefined);
  });

  it('adds up over replicas', async () => {
    const { token, tokenId } = await app.given.identity();
    const replica = await TestApp.start({ beside: app });
    for (const use of [api.use, new TokenAuthApi(replica).use, api.use]) await use(token);
    await Promise.all([usage().flush(), usage(replica).flush()]);
    expect(await recordOf(tokenId)).toMatchObject({ accessTokenNumUses: 3 });
    await replica.stop();
  });

  it('moves the last use forward only, within a replica and between them', async () => {
    const { tokenId } = await app.given.identity();
    const [one, other] = [usageBeside(), usageBeside()];
    one.note(tokenId, seconds(20), '192.0.2.20');
    one.note(tokenId, seconds(10), '192.0.2.10');
    other.note(tokenId, seconds(15), '192.0.2.15');
    await one.flush();
    await other.flush();
    expect(await stored(tokenId)).toEqual({ count: 3, at: seconds(20), from: '192.0.2.20' });
    one.note(tokenId, seconds(30), null);
    await one.flush();
    expect(await stored(tokenId)).toEqual({ count: 4, at: seconds(30), from: null });
  });

  it('is not forgotten by a renewal, a new name or a revocation', async () => {
    const { token, tokenId } = await app.given.identity();
    await api.use(token);
    await usage().flush();
    const before = await recordOf(tokenId);
    app.clock.advance(1);
    await app.http.post('/api/v1/auth/token/renew', { body: { accessToken: token } });
    await api.rename(tokenId, { name: 'renamed' });
    await api.revoke(tokenId);
    const { accessTokenNumUses, accessTokenLastUsedAt } = before as Record<string, unknown>;
    expect(await recordOf(tokenId)).toMatchObject({ accessTokenNumUses, accessTokenLastUsedAt });
  });

  describe('with a limit', () => {
    const limited = (limit: number) => app.given.identity({ config: { accessTokenNumUsesLimit: limit } });

    it('is exact in the record at once', async () => {
      const { token, tokenId } = await limited(5);
      app.clock.advance(1);
      await api.use(token);
      expect(await recordOf(tokenId)).toMatchObject({
        accessTokenNumUses: 1,
        accessTokenLastUsedAt: app.clock.now().toISOString(),
      });
    });

    it('stays what its own row says, and tells from where', async () => {
      const { token, tokenId } = await limited(5);
      for (let uses = 0; uses < 2; uses += 1) await api.use(token);
      await usage().flush();
      usage().note(tokenId, seconds(-10), '192.0.2.1');
      await usage().flush();
      expect(await recordOf(tokenId)).toMatchObject({
        accessTokenNumUses: 2,
        accessTokenLastUsedAt: app.clock.now().toISOString(),
      });
      expect(await stored(tokenId)).toMatchObject({ from: '127.0.0.1' });
    });

    it('moves the last use forward only', async () => {
      const { token, tokenId } = await limited(5);
      app.clock.advance(10);
      await api.use(token);
      const proven = await app.nest.get(TokenProof).prove(token);
      const earlier = { reqId: newReqId(), address: '127.0.0.1', peer: '127.0.0.1', userAgent: null, now: seconds(-5) };
      await app.nest.get(AccessTokenService).verify(proven, earlier);
      expect(await recordOf(tokenId)).toMatchObject({
        accessTokenNumUses: 2,
        accessTokenLastUsedAt: app.clock.now().toISOString(),
      });
    });

    it('is spent as often as the limit says, of 50 at once over two replicas', async () => {
      const { token, tokenId } = await limited(20);
      const replica = await TestApp.start({ beside: app });
      const other = new TokenAuthApi(replica);
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? api : other).use(token)),
      );
      const counts = [200, 401].map((status) => answers.filter((answer) => answer === status).length);
      expect(counts).toEqual([20, 30]);
      expect(await recordOf(tokenId)).toMatchObject({ accessTokenNumUses: 20 });
      await replica.stop();
    });
  });

  describe('that waits to be written', () => {
    it('is kept while PostgreSQL takes nothing', async () => {
      const { token, tokenId } = await app.given.identity();
      await api.use(token);
      await app.db.query('ALTER TABLE access_token_usage RENAME TO elsewhere');
      await usage().flush();
      await app.db.query('ALTER TABLE elsewhere RENAME TO access_token_usage');
      await api.use(token);
      await usage().flush();
      expect(await recordOf(tokenId)).toMatchObject({ accessTokenNumUses: 2 });
    });

    it('is dropped with its token, and holds up no other', async () => {
      const [gone, kept] = [await app.given.identity(), await app.given.identity()];
      for (const { token } of [gone, kept]) await api.use(token);
      await app.db.query('DELETE FROM access_token WHERE id = $1', [gone.tokenId]);
      await usage().flush();
      expect([await stored(gone.tokenId), await stored(kept.tokenId)]).toMatchObject([undefined, { count: 1 }]);
    });

    it('waits for nobody who is about to change its token', async () => {
      const { token, tokenId } = await app.given.identity();
      await api.use(token);
      const tx = app.db.createQueryRunner();
      await tx.startTransaction();
      await tx.query('SELECT FROM access_token WHERE id = $1 FOR UPDATE', [tokenId]);
      await usage().flush();
      expect(await stored(tokenId)).toMatchObject({ count: 1 });
      await tx.rollbackTransaction();
      await tx.release();
    });

    it('is merged by replicas in one order, however many tokens there are', async () => {
      const { tokenId } = await app.given.identity();
      const ids = await copiesOf(tokenId, 1200);
      const replicas = [usageBeside(), usageBeside()];
      for (const id of ids) replicas[0]?.note(id, seconds(0), null);
      for (const id of ids.toReversed()) replicas[1]?.note(id, seconds(0), null);
      const merged = await merging();
      await Promise.all(replicas.map((replica) => replica.flush()));
      const sizes = merged().map(({ length }) => length);
      expect(sizes.toSorted((one, other) => one - other)).toEqual([200, 200, 500, 500, 500, 500]);
      const counts: object[] = await app.db.query(
        `SELECT num_uses::int AS count, count(*)::int AS tokens FROM access_token_usage
         WHERE token_id = ANY ($1) GROUP BY num_uses`,
        [ids],
      );
      expect(counts).toEqual([{ count: 2, tokens: 1200 }]);
    });

    it('does not grow without bound', async () => {
      const own = usageBeside();
      const merged = await merging();
      for (let noted = 0; noted < 60_000; noted += 1) own.note(newId(), seconds(0), null);
      await own.flush();
      expect(merged().flat()).toHaveLength(50_000);
    });
  });

  /** Watches what is merged from now on: the ids of each statement. */
  const merging = async (): Promise<() => string[][]> => {
    await usage().flush();
    const { mock } = jest.spyOn(app.db.manager, 'query');
    return () =>
      mock.calls
        .filter(([statement]) => statement.includes('INSERT INTO access_token_usage'))
        .map(([, parameters]) => (parameters as string[])[0]?.slice(1, -1).split(',') ?? []);
  };

  /** So many more tokens like one; their ids. */
  const copiesOf = async (tokenId: string, count: number): Promise<string[]> => {
    const rows: { id: string }[] = await app.db.query(
      `INSERT INTO access_token (id, identity_id, organization_id, kid, auth_method, ttl, max_ttl, num_uses_limit,
         num_uses, epoch, expires_at, created_at, updated_at)
       SELECT gen_random_uuid(), identity_id, organization_id, kid, auth_method, ttl, max_ttl, num_uses_limit,
         num_uses, epoch, expires_at, created_at, updated_at
       FROM access_token, generate_series(1, $2::int) WHERE id = $1 RETURNING id`,
      [tokenId, count],
    );
    return rows.map(({ id }) => id);
  };
});
