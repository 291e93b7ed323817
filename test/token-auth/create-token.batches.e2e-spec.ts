import { TokenIssuer } from '../../src/access-token/mint/token-issuer.service.js';
import type { Answer } from '../support/http-client.js';
import { decodeJwt } from '../support/jwt.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

/** A fault that only one token of a statement has. */
const REFUSE_POISON = `
  CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF NEW.name = 'poison' THEN RAISE EXCEPTION 'poison'; END IF; RETURN NEW; END $$;
  CREATE TRIGGER refuse_poison BEFORE INSERT ON access_token FOR EACH ROW EXECUTE FUNCTION refuse_poison()`;

describe('POST /api/v1/auth/token-auth/identities/{identityId}/tokens: many at once, and from memory', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
    await app.db.query(REFUSE_POISON);
  });
  afterAll(() => app.stop());

  const createToken = (identityId: string, token: string, body: object = {}, headers = {}): Promise<Answer> =>
    app.http.post(`/api/v1/auth/token-auth/identities/${identityId}/tokens`, { token, body, headers });
  const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
  const statusesOf = (answers: Answer[]): number[] => answers.map(({ status }) => status);

  it('gives everybody their own token, written and audited, whoever else mints at the same time', async () => {
    const roots = [await app.given.root(), await app.given.otherRoot(), await app.given.otherRoot()];
    const pipelines = await Promise.all(
      times(9, async (index) => {
        const root = roots[index % roots.length];
        return { root, identity: await app.given.identity({ config: { accessTokenTTL: 100 + index } }, root), index };
      }),
    );
    const minted = await Promise.all(
      times(180, async (index) => {
        const { root, identity, index: kind } = pipelines[index % pipelines.length];
        const name = index % 5 === 0 ? null : `token ${index}`;
        const agent = `agent ${index}`;
        const answer = await createToken(identity.id, root.token, name === null ? {} : { name }, {
          'user-agent': agent,
        });
        return { answer, identity, root, kind, name, agent };
      }),
    );
    for (const { answer, identity, root, kind, name, agent } of minted) {
      expect(answer).toMatchObject({ status: 200, body: { expiresIn: 100 + kind, tokenData: { name } } });
      const { accessToken, tokenData } = answer.body;
      expect(tokenData.identityId).toBe(identity.id);
      expect(decodeJwt(accessToken)).toMatchObject({
        jti: tokenData.id,
        sub: identity.id,
        orgId: root.organizationId,
        exp: Number(decodeJwt(accessToken).iat) + 100 + kind,
      });
      expect(
        await app.db.query('SELECT name, identity_id, ttl FROM access_token WHERE id = $1', [tokenData.id]),
      ).toEqual([{ name, identity_id: identity.id, ttl: 100 + kind }]);
      expect(
        await app.db.query(
          `SELECT event, outcome, identity_id, actor_identity_id, req_id, user_agent FROM audit_event WHERE token_id = $1`,
          [tokenData.id],
        ),
      ).toEqual([
        {
          event: 'create-token-identity-token-auth',
          outcome: 'success',
          identity_id: identity.id,
          actor_identity_id: root.identityId,
          req_id: answer.headers.get('x-request-id'),
          user_agent: agent,
        },
      ]);
    }
  });

  it('lets the one fail that is at fault, and nobody with it', async () => {
    const { id } = await app.given.identity();
    const { token } = await app.given.root();
    const names = times(60, (index) => (index % 20 === 7 ? 'poison' : 'good'));
    const answers = await Promise.all(names.map(async (name) => createToken(id, token, { name })));
    expect(statusesOf(answers)).toEqual(names.map((name) => (name === 'poison' ? 500 : 200)));
    const written: object[] = await app.db.query(
      `SELECT FROM access_token t JOIN audit_event a ON a.token_id = t.id WHERE t.identity_id = $1 AND t.name = 'good'`,
      [id],
    );
    expect(written).toHaveLength(57);
  });

  it('lets the one fail that can not be signed, and nobody with it', async () => {
    const issuer = app.nest.get(TokenIssuer);
    const sign = issuer.signClaims.bind(issuer);
    const [{ id }, broken] = [await app.given.identity(), await app.given.identity()];
    const { token } = await app.given.root();
    const spy = jest.spyOn(issuer, 'signClaims').mockImplementation((claims, key) => {
      if (claims.sub === broken.id) throw new Error('no entropy');
      return sign(claims, key);
    });
    const ids = times(30, (index) => (index === 17 ? broken.id : id));
    const answers = await Promise.all(ids.map(async (one) => createToken(one, token)));
    spy.mockRestore();
    expect(statusesOf(answers)).toEqual(ids.map((one) => (one === broken.id ? 500 : 200)));
    const written = 'SELECT identity_id, count(*)::int FROM access_token WHERE identity_id = ANY ($1) GROUP BY 1';
    const before = 1;
    expect(new Set(await app.db.query(written, [[id, broken.id]]))).toEqual(
      new Set([
        { identity_id: id, count: before + 29 },
        { identity_id: broken.id, count: before },
      ]),
    );
  });

  it('refuses those whose caller was revoked among others whose callers are good', async () => {
    const { token } = await app.given.root();
    const { id } = await app.given.identity();
    const callers = await Promise.all(times(6, () => app.given.identity({ role: 'admin' })));
    const warm = await Promise.all(callers.map((caller) => createToken(id, caller.token)));
    expect(statusesOf(warm)).toEqual(callers.map(() => 200));
    const dead = callers[2];
    expect((await api.revoke(dead.tokenId, token)).status).toBe(200);
    const answers = await Promise.all(
      times(30, async (index) => createToken(id, callers[index % callers.length].token)),
    );
    expect(statusesOf(answers)).toEqual(times(30, (index) => (index % callers.length === 2 ? 401 : 200)));
  });

  it.each<[string, number, (given: Remembered, root: string) => Promise<Answer>]>([
    ['its Token Auth was detached', 400, ({ id }) => api.detach(id)],
    ['it was deleted', 404, ({ id }, token) => app.http.delete(`/api/v1/identities/${id}`, { token })],
    [
      'it has become stronger than the caller',
      403,
      ({ id }, token) => app.http.patch(`/api/v1/identities/${id}`, { token, body: { role: 'admin' } }),
    ],
    [
      'the caller may no longer mint',
      403,
      ({ caller }, token) => app.http.patch(`/api/v1/identities/${caller}`, { token, body: { role: 'member' } }),
    ],
  ])('refuses a mint for an identity that was minted for before, when %s', async (_what, status, act) => {
    const { token } = await app.given.root();
    const caller = await app.given.identity();
    await app.given.customRole(caller.id, [{ subject: 'identity', action: ['create-token'] }]);
    const { id } = await app.given.identity({ role: 'no-access' });
    expect((await createToken(id, caller.token)).status).toBe(200);
    expect((await act({ id, caller: caller.id }, token)).status).toBe(200);
    expect((await createToken(id, caller.token)).status).toBe(status);
  });

  it('follows the limits that the identity has now, not those of the mint before', async () => {
    const { id } = await app.given.identity({ config: { accessTokenTTL: 100 } });
    const { token } = await app.given.root();
    await api.update(id, { accessTokenTTL: 50, accessTokenNumUsesLimit: 3 });
    const { body } = await createToken(id, token);
    expect(body).toMatchObject({ expiresIn: 50, tokenData: { accessTokenNumUsesLimit: 3 } });
  });

  it('goes where the slug leads now, after it was given to another sub-organization', async () => {
    const { token, identityId } = await app.given.root();
    const { id } = await app.given.identity();
    const [former, heir] = await Promise.all(
      times(2, () => app.given.subOrganization({ [id]: 'member', [identityId]: 'admin' })),
    );
    const mint = async () => (await createToken(id, token, { organizationSlug: former.slug })).body.accessToken;
    expect(decodeJwt(await mint()).orgId).toBe(former.id);
    const rename = async (subOrgId: string, slug: string) =>
      app.http.patch(`/api/v1/sub-organizations/${subOrgId}`, { token, body: { slug } });
    expect((await rename(former.id, `former-${former.slug}`)).status).toBe(200);
    expect((await rename(heir.id, former.slug)).status).toBe(200);
    expect(decodeJwt(await mint()).orgId).toBe(heir.id);
  });

  it('knows an identity no more that has left the caller’s organization, though it stays where the token would work', async () => {
    const { token, identityId, organizationId } = await app.given.root();
    const { id } = await app.given.identity();
    const sub = await app.given.subOrganization({ [id]: 'member', [identityId]: 'admin' });
    await app.db.query('UPDATE identity SET organization_id = $1 WHERE id = $2', [sub.id, id]);
    expect((await createToken(id, token, { organizationSlug: sub.slug })).status).toBe(200);
    await app.db.query('DELETE FROM membership WHERE identity_id = $1 AND organization_id = $2', [id, organizationId]);
    expect((await createToken(id, token, { organizationSlug: sub.slug })).status).toBe(404);
  });

  it('waits for a change of what it rests on, and holds nobody up meanwhile', async () => {
    const { token } = await app.given.root();
    const [busy, free] = [await app.given.identity(), await app.given.identity()];
    const change = app.db.createQueryRunner();
    await change.startTransaction();
    await change.query('SELECT FROM identity WHERE id = $1 FOR UPDATE', [busy.id]);
    const held = times(4, () => createToken(busy.id, token));
    expect(statusesOf(await Promise.all(times(20, () => createToken(free.id, token))))).toEqual(times(20, () => 200));
    await change.rollbackTransaction();
    await change.release();
    expect(statusesOf(await Promise.all(held))).toEqual(held.map(() => 200));
  });
});

interface Remembered {
  /** The identity that was minted for. */
  id: string;
  /** The identity that minted. */
  caller: string;
}
