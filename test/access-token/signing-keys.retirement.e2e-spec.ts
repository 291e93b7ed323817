import { decodeJwt, headerOf } from '../support/jwt.js';
import { KeysOf } from '../support/keys-of.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

/** A retiring key goes this long after its last token has expired. */
const FAREWELL = 300;

describe('signing keys: a key that signs no more', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  let keys: KeysOf;
  beforeEach(async () => {
    // No token, not even the first one, lives for ten years here.
    app = await TestApp.start({ env: { ACCESS_TOKEN_MAX_AGE: '1000', SIGNING_KEY_MAX_AGE: '0' } });
    api = new TokenAuthApi(app);
    keys = new KeysOf(app);
  });
  afterEach(() => app.stop());

  const renew = async (accessToken: string): Promise<string> => {
    const { body } = await app.http.post('/api/v1/auth/token/renew', { body: { accessToken } });
    return body.accessToken as string;
  };
  const endOf = (token: string): Date => new Date(Number(decodeJwt(token).exp) * 1000);
  const endOfKey = async () => (await keys.in('retiring')).map(({ verifiesUntil }) => verifiesUntil);

  /** Rows as other tokens have them, signed by the key and living as long as said. */
  const givenRows = async (count: number, kid: string, end: Date) =>
    app.db.query(
      `INSERT INTO access_token (id, identity_id, organization_id, kid, auth_method, ttl, max_ttl, num_uses_limit,
         num_uses, epoch, expires_at, created_at, updated_at)
       SELECT gen_random_uuid(), identity_id, organization_id, $2, auth_method, 0, 0, 0, 0, 0,
         $3::timestamptz + n * interval '1 second', created_at, updated_at
       FROM (SELECT * FROM access_token LIMIT 1) one, generate_series(1, $1) n`,
      [count, kid, end],
    );

  it('loses its private half, and verifies until the last token that it signed has expired', async () => {
    const kid = await keys.kid('active');
    const { token } = await app.given.identity();
    await keys.rotate();
    expect(await keys.in('retiring')).toMatchObject([{ kid, sealedPrivateKey: null, verifiesUntil: endOf(token) }]);
    app.clock.advance(999);
    await keys.upkeep();
    expect(await api.use(token)).toBe(200);
    app.clock.advance(FAREWELL);
    await keys.upkeep();
    expect(await keys.kid('retiring')).toBe(kid);
    app.clock.advance(1);
    await keys.upkeep();
    expect(await keys.kid('retired')).toBe(kid);
    expect(await keys.published()).toEqual([await keys.kid('active')]);
    expect(await keys.loaded.find(kid)).toBeNull();
  });

  it('is not given up because its tokens were renewed under the newer key: their older texts live on', async () => {
    const old = await keys.kid('active');
    const { token, tokenId } = await app.given.identity();
    await keys.rotate();
    const renewed = await renew(token);
    const rows: object[] = await app.db.query('SELECT kid FROM access_token WHERE id = $1', [tokenId]);
    expect(rows).toEqual([{ kid: headerOf(renewed).kid }]);
    await app.db.query(`UPDATE access_token SET kid = $1`, [headerOf(renewed).kid]);
    app.clock.advance(999);
    await keys.upkeep();
    expect(headerOf(token).kid).toBe(old);
    expect(await api.use(token)).toBe(200);
  });

  it('verifies as long as its renewals last', async () => {
    const { token } = await app.given.identity();
    app.clock.advance(500);
    const renewed = await renew(token);
    await keys.rotate();
    expect(endOf(renewed)).not.toEqual(endOf(token));
    expect(await endOfKey()).toEqual([endOf(renewed)]);
  });

  it('counts what is being signed while it stops: the change waits for that', async () => {
    const { tokenId } = await app.given.identity();
    const end = new Date(app.clock.now().getTime() + 5_000_000);
    const signer = app.db.createQueryRunner();
    await signer.startTransaction();
    await signer.query(`SELECT kid FROM signing_key WHERE state = 'active' FOR SHARE`);
    const rotation = keys.rotate();
    await keys.someoneWaits();
    await signer.query('UPDATE access_token SET expires_at = $2 WHERE id = $1', [tokenId, end]);
    await signer.commitTransaction();
    await signer.release();
    await rotation;
    expect(await endOfKey()).toEqual([end]);
  });

  it.each([
    { others: 999, name: 'its own last token, though others live longer', bound: 'own' },
    { others: 1000, name: 'at most the shortest of a thousand lives, where all of those are others’', bound: 'others' },
  ])('ends with $name', async ({ others, bound }) => {
    const { token } = await app.given.identity();
    const long = new Date(app.clock.now().getTime() + 10_000_000);
    const stranger = await keys.rotate();
    const { token: own } = await app.given.identity();
    await givenRows(others, await keys.kid('retiring'), long);
    expect(headerOf(own).kid).toBe(stranger);
    await keys.rotate();
    const { verifiesUntil } = (await keys.in('retiring')).find(({ kid }) => kid === stranger) ?? {};
    expect(verifiesUntil).toEqual(bound === 'own' ? endOf(own) : new Date(long.getTime() + 1000));
    expect(endOf(token)).toEqual(endOf(own));
  });

  describe('is retired early', () => {
    it('only when nothing rests on it', async () => {
      const active = await keys.kid('active');
      await expect(keys.retire(active)).rejects.toThrow('rotate first');
      const { token } = await app.given.identity();
      await keys.rotate();
      await expect(keys.retire(active)).rejects.toThrow(`good until ${endOf(token).toISOString()}`);
      app.clock.advance(1000);
      await keys.retire(active);
      expect(await keys.kid('retired')).toBe(active);
      await expect(keys.retire(active)).rejects.toThrow('retired already');
      await expect(keys.retire('unknown')).rejects.toThrow('no signing key');
    });

    it('when it never signed', async () => {
      const next = await keys.makeNext();
      await keys.retire(next);
      expect(await keys.in('retired')).toMatchObject([{ kid: next, sealedPrivateKey: null }]);
      expect(await keys.published()).toEqual([await keys.kid('active')]);
    });
  });
});
