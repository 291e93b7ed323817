import type { DataSource } from 'typeorm';
import { dropConnections } from '../../src/database/drop-connections.js';
import { inTransaction } from '../../src/database/transaction.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { TestApp } from '../support/test-app.js';

/** Milliseconds after which a statement is given up here. */
const SOON = 500;

/** Connections for requests. */
const POOL_SIZE = 2;

/** What the driver's types don't tell of a connection. */
interface Connection {
  processID: number;
  connectionParameters: { query_timeout: number };
}

describe('a connection that comes back to the pool', () => {
  const proxy = new DatabaseProxy();
  let app: TestApp;
  let replica: TestApp;
  let before: number[];
  beforeAll(async () => {
    app = await TestApp.start();
    replica = await TestApp.start({ beside: app, via: proxy.open, env: { DATABASE_POOL_SIZE: String(POOL_SIZE + 1) } });
  });
  beforeEach(async () => {
    before = await takeAll();
  });
  afterAll(async () => {
    await replica.stop();
    await proxy.cut();
    await app.stop();
  });

  /** Has every connection of the pool give up soon from here on, and tells which they are by their backends. */
  const takeAll = async (): Promise<number[]> => {
    const runners = Array.from({ length: POOL_SIZE }, () => replica.db.createQueryRunner());
    const connections = (await Promise.all(runners.map((runner) => runner.connect()))) as Connection[];
    for (const { connectionParameters } of connections) connectionParameters.query_timeout = SOON;
    await Promise.all(runners.map((runner) => runner.release()));
    return connections.map(({ processID }) => processID);
  };
  const stillThere = async (): Promise<number[]> => {
    const now = await takeAll();
    return before.filter((backend) => now.includes(backend));
  };

  const rename = async (tokenId: string, name: string) =>
    replica.http.patch(`/api/v1/auth/token-auth/tokens/${tokenId}`, {
      token: (await app.given.root()).token,
      body: { name },
    });
  const mint = async (id: string) =>
    replica.http.post(`/api/v1/auth/token-auth/identities/${id}/tokens`, {
      token: (await app.given.root()).token,
      body: {},
    });

  it('is missing where every connection is in use, which the log tells from a database that is out of reach', async () => {
    const { token } = await app.given.root();
    const runners = Array.from({ length: POOL_SIZE }, () => replica.db.createQueryRunner());
    await Promise.all(runners.map((runner) => runner.connect()));
    const { status, headers } = await replica.http.get('/api/v1/organization', { token });
    await Promise.all(runners.map((runner) => runner.release()));
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    const msg = 'no database connection became free in time: all connections of the pool are in use';
    expect(replica.log).toContainEqual(expect.objectContaining({ reqId: headers.get('x-request-id'), msg }));
  });

  it('in a transaction that was given up is not lent again, so that nobody else commits what is half done', async () => {
    const [half, whole] = [await app.given.identity(), await app.given.identity()];
    const held = proxy.holdBack('UPDATE "access_token"');
    const answer = rename(half.tokenId, 'half');
    await held.answered;
    expect((await answer).status).toBe(503);
    held.letGo();
    expect((await rename(whole.tokenId, 'whole')).status).toBe(200);
    const names = await app.db.query('SELECT name FROM access_token WHERE id = $1', [half.tokenId]);
    expect(names).toEqual([{ name: null }]);
    expect(await stillThere()).toHaveLength(POOL_SIZE - 1);
  });

  it('with a statement that was given up is not lent again', async () => {
    const { id } = await app.given.identity();
    expect((await mint(id)).status).toBe(200);
    const held = proxy.holdBack('mint_many');
    const answer = mint(id);
    await held.answered;
    expect((await answer).status).toBe(503);
    held.letGo();
    expect((await mint(id)).status).toBe(200);
    expect(await stillThere()).toHaveLength(POOL_SIZE - 1);
  });

  it('with an open transaction is not lent again', async () => {
    const runner = replica.db.createQueryRunner();
    await runner.startTransaction();
    await runner.release();
    expect(await stillThere()).toHaveLength(POOL_SIZE - 1);
  });

  it.each<[string, (db: DataSource) => Promise<unknown>]>([
    ['a transaction', (db) => inTransaction(db, (tx) => tx.query('SELECT 1'))],
    ['a transaction that was rolled back', (db) => inTransaction(db, (tx) => tx.query('SELECT 1 / 0'))],
    [
      'a commit that failed',
      (db) =>
        inTransaction(db, async (tx) => {
          await tx.query('CREATE TEMP TABLE once (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)');
          await tx.query('INSERT INTO once VALUES (1), (1)');
        }),
    ],
    ['a statement that failed', (db) => db.query('SELECT 1 / 0')],
  ])('is kept after %s', async (_what, use) => {
    await use(replica.db).catch(() => undefined);
    expect(await stillThere()).toEqual(before);
  });
});

describe('connections to a server that another one has taken over from', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  /** Asks so many connections at once; tells the backends of those that answer. */
  const ask = async (count: number): Promise<number[]> => {
    const runners = Array.from({ length: count }, () => app.db.createQueryRunner());
    const answers: PromiseSettledResult<{ pid: number }[]>[] = await Promise.allSettled(
      runners.map((runner) => runner.query('SELECT pg_backend_pid() AS pid')),
    );
    await Promise.all(runners.map((runner) => runner.release()));
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.map(({ pid }) => pid) : []));
  };

  it('are all ended, the first of the process too, and others take their place at once', async () => {
    const before = await ask(3);
    expect(before).toHaveLength(3);
    dropConnections(app.db);
    const after = await ask(before.length);
    expect(after).toHaveLength(before.length);
    expect(after.filter((backend) => before.includes(backend))).toEqual([]);
    expect(await ask(3)).toHaveLength(3);
  });
});
