import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import { ReadTurns } from '../../src/revocation/read-turns.js';
import { RevocationReader } from '../../src/revocation/revocation-reader.service.js';
import type { LogEntry } from '../../src/revocation/log-read.js';
import { told, refusal } from '../support/answers.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { TestApp } from '../support/test-app.js';

const REVOKED = refusal(401, 'UnauthorizedError', 'The access token has been revoked');

/** The statement that a verification reads the state of a token by. */
const STATE = 'read_token_state';

describe('a replica that follows the revocation log', () => {
  let one: TestApp;
  let other: TestApp;
  let proxy: DatabaseProxy;
  beforeAll(async () => {
    one = await TestApp.start();
    proxy = new DatabaseProxy();
    other = await TestApp.start({ beside: one, via: proxy.open });
  });
  afterAll(async () => {
    await other.stop();
    await proxy.cut();
    await one.stop();
  });

  const use = (app: TestApp, token: string) => app.http.get('/api/v1/identities/details', { token });
  const revoke = async (tokenId: string) => {
    const { token } = await one.given.root();
    const path = `/api/v1/auth/token-auth/tokens/${tokenId}/revoke`;
    expect((await one.http.post(path, { token })).status).toBe(200);
  };
  const connect = async (url = one.backing.databaseUrl) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return client;
  };
  /** Revokes the way the service does, in a transaction that the test ends. */
  const revokeIn = async (client: pg.Client, tokenId: string) => {
    await client.query('BEGIN');
    await client.query('UPDATE access_token SET revoked_at = now() WHERE id = $1', [tokenId]);
    await client.query(
      `INSERT INTO revocation (transaction_id, effect, scope, key, keep_until, created_at)
       VALUES (pg_current_xact_id()::text::bigint, 'revoked', 'token', $1, now() + interval '1 day', now())`,
      [tokenId],
    );
  };
  const told401 = async (token: string) => expect(told(await use(other, token))).toEqual(REVOKED);

  it('believes what it remembers while the log names nothing of it', async () => {
    const { token, tokenId } = await one.given.identity();
    expect((await use(other, token)).status).toBe(200);
    await one.db.query('UPDATE access_token SET revoked_at = now() WHERE id = $1', [tokenId]);
    await other.catchUp();
    expect((await use(other, token)).status).toBe(200);
  });

  it('refuses what was revoked on another replica, once it has read that', async () => {
    const { token, tokenId } = await one.given.identity();
    expect((await use(other, token)).status).toBe(200);
    await revoke(tokenId);
    await other.catchUp();
    await told401(token);
  });

  it('knows of its own revocations before it acknowledges them', async () => {
    const { token, tokenId } = await one.given.identity();
    expect((await use(one, token)).status).toBe(200);
    await revoke(tokenId);
    expect(told(await use(one, token))).toEqual(REVOKED);
  });

  it('does not believe an answer that was under way while its token was revoked', async () => {
    const { token, tokenId } = await one.given.identity();
    const { answered, letGo } = proxy.holdBack(STATE);
    const late = use(other, token);
    await answered;
    await revoke(tokenId);
    await other.catchUp();
    letGo();
    expect(told(await late)).toEqual(REVOKED);
    await told401(token);
  });

  it('does not remember such an answer either, when it comes before the log is read', async () => {
    const { token, tokenId } = await one.given.identity();
    const { answered, letGo } = proxy.holdBack(STATE);
    const late = use(other, token);
    await answered;
    await revoke(tokenId);
    letGo();
    await late;
    await other.catchUp();
    await told401(token);
  });

  it('sees a revocation that was committed after later ones', async () => {
    const [early, later] = [await one.given.identity(), await one.given.identity()];
    for (const { token } of [early, later]) expect((await use(other, token)).status).toBe(200);
    const client = await connect();
    await revokeIn(client, early.tokenId);
    await revoke(later.tokenId);
    await other.catchUp();
    await told401(later.token);
    expect((await use(other, early.token)).status).toBe(200);
    await client.query('COMMIT');
    await client.end();
    await other.catchUp();
    await told401(early.token);
  });

  it('takes each entry once, however long a transaction stays open, in another database too', async () => {
    const elsewhere = await createDatabase();
    const client = await connect(elsewhere);
    await client.query('BEGIN');
    await client.query('SELECT pg_current_xact_id()');
    const taken: LogEntry[] = [];
    other.nest.get(RevocationReader).onEntries((entries) => void taken.push(...entries));
    const given = [await one.given.identity(), await one.given.identity()];
    for (const { tokenId, token } of given) {
      expect((await use(other, token)).status).toBe(200);
      await revoke(tokenId);
      await other.catchUp();
      await told401(token);
    }
    await other.catchUp();
    for (const { tokenId } of given) expect(taken.filter(({ key }) => key === tokenId)).toHaveLength(1);
    await client.query('COMMIT');
    await client.end();
    await dropDatabase(elsewhere);
  });

  it('is hinted at what was revoked on another replica', async () => {
    const { tokenId } = await one.given.identity();
    const hasten = jest.spyOn(ReadTurns.prototype, 'hasten');
    await revoke(tokenId);
    // The first is the replica's that revoked it.
    while (new Set(hasten.mock.contexts).size < 2) await setImmediate();
    hasten.mockRestore();
  });

  it('needs no hint', async () => {
    const { token, tokenId } = await one.given.identity();
    expect((await use(other, token)).status).toBe(200);
    const client = await connect();
    await revokeIn(client, tokenId);
    await client.query('COMMIT');
    await client.end();
    // Nobody said anything: the next read in turn finds it.
    while ((await use(other, token)).status === 200);
    await told401(token);
  });

  it('mints by a right that was given on another replica a moment ago', async () => {
    const { id, token } = await one.given.identity();
    expect((await use(other, token)).status).toBe(200);
    const path = `/api/v1/auth/token-auth/identities/${id}/tokens`;
    expect((await other.http.post(path, { token })).status).toBe(403);
    const admin = await one.given.root();
    const change = { token: admin.token, body: { role: 'admin' } };
    expect((await one.http.patch(`/api/v1/identities/${id}`, change)).status).toBe(200);
    expect((await other.http.post(path, { token })).status).toBe(200);
  });
});
