import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Restore } from '../../src/access-token/restore.service.js';
import { serviceContext } from '../../src/access-token/service-context.js';
import { BootstrapService } from '../../src/bootstrap/bootstrap.service.js';
import { welcome } from '../../src/cli/first-start.js';
import { BadRequestError } from '../../src/common/errors/app-error.js';
import { Retention } from '../../src/retention/retention.service.js';
import { EventStream } from '../support/event-stream.js';
import { headerOf } from '../support/jwt.js';
import { KeysOf } from '../support/keys-of.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';
import { waitsForLock } from '../support/waiting.js';
import { REFUSED, showEverywhere } from '../support/ways-in.js';

const FEED = '/api/v1/revocations';
const BOOTSTRAP = { email: 'ops@example.com', organization: 'Acme' };

describe('token-auth restore accept', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  let keys: KeysOf;
  beforeEach(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
    keys = new KeysOf(app);
  });
  afterEach(() => app.stop());

  const context = () => serviceContext(app.clock.now());
  const accept = async ({ on = app, isUndetected = false } = {}) => {
    const accepted = await on.nest.get(Restore).accept({ isUndetected }, context());
    for (const one of new Set([app, on])) await one.catchUp();
    return accepted;
  };
  const recover = () => app.nest.get(BootstrapService).recover(context());
  /** Takes the rows for those of another database system, whose transactions have other numbers. */
  const move = async () => {
    await app.db.query(`UPDATE instance SET system_identifier = '1'`);
    await app.db.query('UPDATE revocation SET transaction_id = transaction_id + 1000000000');
    await app.catchUp();
  };
  /** Takes away the end of the log, and waits until the replica has told the database that it saw more. */
  const goBack = async () => {
    await api.revoke((await app.given.identity()).tokenId);
    await app.catchUp();
    await app.db.query('DELETE FROM revocation');
    await app.catchUp();
    let rows: object[] = [];
    while (rows.length === 0) rows = await app.db.query('SELECT FROM instance WHERE database_oid IS NULL');
  };
  const instance = async (): Promise<object> => (await app.db.query('SELECT * FROM instance'))[0];
  const eventsOf = (event: string): Promise<object[]> =>
    app.db.query('SELECT details FROM audit_event WHERE event = $1', [event]);

  it('ends every token and every key, and lets the service go on', async () => {
    const { id, token, tokenId } = await app.given.identity({ role: 'admin' });
    await keys.makeNext();
    await move();
    const accepted = await accept();
    expect(accepted).toMatchObject({ wasDetected: true, revokedKeys: 2, active: { algorithm: 'ES256' } });
    const { kid } = accepted.active;
    const administrator = (await recover()).token;
    for (const dead of [token, (await app.given.root()).token]) {
      expect(await showEverywhere(app, dead, administrator)).toEqual(REFUSED);
    }
    expect(await keys.in('revoked')).toHaveLength(2);
    expect(await keys.published()).toEqual([kid]);
    const minted = await api.mint(id, {}, administrator);
    expect(headerOf(minted.body.accessToken)).toMatchObject({ kid });
    expect(await api.use(minted.body.accessToken)).toBe(200);
    expect((await api.read(tokenId, administrator)).body.token.isAccessTokenRevoked).toBe(true);
    expect(await eventsOf('accept-restore')).toEqual([{ details: { wasDetected: true, revokedKeys: 2, kid } }]);
  });

  it('keeps the algorithm of the key that signed', async () => {
    await keys.rotate('RS256');
    expect((await accept({ isUndetected: true })).active.algorithm).toBe('RS256');
  });

  it('does nothing where nobody noticed a restore, unless it is told that there was one', async () => {
    const { token } = await app.given.identity();
    const before = await instance();
    await expect(accept()).rejects.toThrow(BadRequestError);
    await expect(accept()).rejects.toThrow('--undetected');
    expect(await instance()).toEqual(before);
    expect(await api.use(token)).toBe(200);
    expect(await accept({ isUndetected: true })).toMatchObject({ wasDetected: false, revokedKeys: 1 });
    expect(await api.use(token)).toBe(401);
  });

  it('is done once where two operators are at it', async () => {
    const other = await TestApp.start({ beside: app });
    await app.given.root();
    await move();
    const outcomes = await Promise.allSettled([accept(), accept({ on: other })]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: expect.any(BadRequestError) });
    expect(await eventsOf('accept-restore')).toHaveLength(1);
    const { token } = await recover();
    await other.catchUp();
    for (const { http } of [app, other]) {
      expect((await http.get('/api/v1/identities/details', { token })).status).toBe(200);
    }
    await other.stop();
  });

  it('is not passed by others: mints under way end first, and what comes later waits and is refused', async () => {
    const { id, token, tokenId } = await app.given.identity({ role: 'admin' });
    const mint = app.db.createQueryRunner();
    await mint.startTransaction();
    await mint.query('SELECT FROM instance FOR SHARE');
    const accepting = accept({ isUndetected: true });
    await waitsForLock(app.db, 'LOCK TABLE instance');
    const later = Promise.all([api.mint(id, {}, token), api.rename(tokenId, { name: 'x' }, token)]);
    await waitsForLock(app.db, '', 3);
    // All take the instance before the keys, so that nobody has one of them and waits for the other.
    const locks: object[] = await app.db.query(
      `SELECT FROM pg_locks WHERE relation = 'signing_key'::regclass AND mode IN ('RowShareLock', 'ExclusiveLock')
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    expect(locks).toEqual([]);
    await mint.commitTransaction();
    await mint.release();
    await accepting;
    expect((await later).map(({ status }) => status)).toEqual([401, 401]);
    const tokens: object[] = await app.db.query(
      `SELECT FROM access_token WHERE name = 'x' OR epoch >= (SELECT sequence FROM epoch WHERE scope = 'instance')`,
    );
    expect(tokens).toEqual([]);
  });

  it('ends a doubt that outlived the process which saw the log go back', async () => {
    const { token } = await app.given.identity();
    await goBack();
    const later = await TestApp.start({ beside: app });
    expect((await later.http.get('/api/v1/identities/details', { token })).status).toBe(503);
    expect((await later.http.post('/api/v1/admin/bootstrap', { body: BOOTSTRAP })).status).toBe(503);
    await expect(later.nest.get(BootstrapService).recover(context())).rejects.toThrow('token-auth restore accept');
    await accept({ on: later });
    const administrator = await later.nest.get(BootstrapService).recover(context());
    for (const { http } of [app, later]) {
      expect((await http.get('/api/v1/identities/details', { token: administrator.token })).status).toBe(200);
    }
    await later.stop();
  });

  it('is noticed when it was lost: the replicas know the later incarnation', async () => {
    await app.given.root();
    const before = await instance();
    await accept({ isUndetected: true });
    const { token } = await recover();
    expect(await api.use(token)).toBe(200);
    await app.db.query('UPDATE instance SET incarnation = $1', [(before as { incarnation: string }).incarnation]);
    await app.catchUp();
    expect(await api.use(token)).toBe(503);
  });

  it('gives followers a reset, and nothing of what was before', async () => {
    const { id, token } = await app.given.identity({ role: 'verifier' });
    await api.revoke((await app.given.identity()).tokenId);
    const stream = await EventStream.open(`${app.origin}${FEED}/stream`, token);
    const { id: cursor = '' } = (await stream.until(({ event }) => event === 'heartbeat')).at(-1) ?? {};
    await move();
    await stream.ended();
    await accept();
    const verifier = (await api.mint(id, {}, (await recover()).token)).body.accessToken as string;
    const again = await EventStream.open(`${app.origin}${FEED}/stream`, verifier, { 'last-event-id': cursor });
    const [first, entries] = await again.until(({ event }) => event === 'heartbeat');
    await again.close();
    expect(first?.event).toBe('reset');
    const revoked = [
      expect.objectContaining({ effect: 'revoked', scope: 'instance', key: '*' }),
      expect.objectContaining({ effect: 'revoked', scope: 'key' }),
    ];
    expect(entries?.data.entries).toEqual(revoked);
    const page = (await app.http.get(`${FEED}?after=${cursor}`, { token: verifier })).body;
    expect(page).toMatchObject({ reset: true, entries: revoked, hasMore: false });
    await app.nest.get(Retention).run();
    const left: object[] = await app.db.query('SELECT FROM revocation');
    expect(left).toHaveLength(3);
  });

  it('comes before anything is set up', async () => {
    await move();
    const directory = await mkdtemp(join(tmpdir(), 'token-auth-restore-'));
    expect((await welcome(app.nest, directory, true)).admin).toBeNull();
    expect(await readdir(directory)).toEqual([]);
    expect((await app.http.post('/api/v1/admin/bootstrap', { body: BOOTSTRAP })).status).toBe(503);
    await accept();
    expect((await welcome(app.nest, directory, true)).admin).not.toBeNull();
    await rm(directory, { recursive: true });
  });
});
