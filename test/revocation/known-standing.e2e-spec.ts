import pg from 'pg';
import { TokenProof } from '../../src/access-token/token-proof.service.js';
import { TokenStates } from '../../src/access-token/token-states.service.js';
import { RevocationReader } from '../../src/revocation/revocation-reader.service.js';
import { decodeJwt } from '../support/jwt.js';
import { OAuth2Api } from '../support/oauth2-api.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

const [ELSEWHERE, FAR_AWAY] = ['203.0.113.7', '198.51.100.7'];

describe('a token that a replica meets for the first time, of an identity that it knows', () => {
  let one: TestApp;
  let replica: TestApp;
  let api: TokenAuthApi;
  let verifier: string;
  beforeAll(async () => {
    one = await TestApp.start();
    api = new TokenAuthApi(one);
    replica = await TestApp.start({ beside: one });
    verifier = (await one.given.identity({ role: 'verifier' })).token;
  });
  afterAll(async () => {
    await replica.stop();
    await one.stop();
  });

  const introspect = async (token: string, more: object = {}) =>
    (await new OAuth2Api(replica).introspect({ token, ...more }, verifier)).body as { active: boolean };
  const isGood = async (token: string) => (await introspect(token)).active;
  /** An identity of which the replica knows a token, and tokens that it doesn't know. */
  const givenKnown = async (config: object = {}) => {
    const { id, token: known } = await one.given.identity({ role: 'member', config });
    const mint = async () => (await one.given.mint(id)).accessToken;
    return { id, known, mint, unknown: [await mint(), await mint()] as [string, string] };
  };

  it('is asked for by its own row alone', async () => {
    const { known, unknown } = await givenKnown();
    // The verifier is known by then.
    await isGood(verifier);
    const spy = jest.spyOn(pg.Client.prototype, 'query');
    const verdicts = [await isGood(known), await isGood(unknown[0])];
    const asked = (spy.mock.calls as unknown[][]).map(([statement]) => (statement as { name?: string }).name ?? '');
    spy.mockRestore();
    expect(verdicts).toEqual([true, true]);
    expect(asked.filter((name) => name.startsWith('read_token_'))).toEqual(['read_token_state', 'read_token_row']);
  });

  const ENDS: [string, (id: string) => Promise<unknown>][] = [
    ['is detached', (id) => api.detach(id)],
    [
      'is deleted',
      async (id) => one.http.delete(`/api/v1/identities/${id}`, { token: (await one.given.root()).token }),
    ],
    ['may be elsewhere only', (id) => api.update(id, { accessTokenTrustedIps: [{ ipAddress: ELSEWHERE }] })],
  ];

  it.each(ENDS)('is refused once the identity %s', async (_name, end) => {
    const { id, known, unknown } = await givenKnown();
    expect(await isGood(known)).toBe(true);
    expect(await end(id)).toMatchObject({ status: 200 });
    await replica.catchUp();
    expect(await isGood(unknown[0])).toBe(false);
  });

  it('is refused where its own row says so, without any word of the log', async () => {
    const { known, unknown } = await givenKnown();
    expect(await isGood(known)).toBe(true);
    await one.db.query('UPDATE access_token SET revoked_at = now() WHERE id = $1', [decodeJwt(unknown[0]).jti]);
    expect(await isGood(unknown[0])).toBe(false);
    expect(await isGood(unknown[1])).toBe(true);
  });

  it('is refused when it was minted before what the identity was given anew', async () => {
    const { id, known, mint, unknown } = await givenKnown();
    expect(await isGood(known)).toBe(true);
    await api.detach(id);
    await one.given.attach(id);
    const fresh = await mint();
    await replica.catchUp();
    expect([await isGood(fresh), await isGood(unknown[0]), await isGood(unknown[1])]).toEqual([true, false, false]);
  });

  it('is good where the identity may do more than is known', async () => {
    const { id, unknown } = await givenKnown({ accessTokenTrustedIps: [{ ipAddress: ELSEWHERE }] });
    expect(await introspect(unknown[0], { client_address: ELSEWHERE })).toMatchObject({ active: true });
    await api.update(id, { accessTokenTrustedIps: [{ ipAddress: ELSEWHERE }, { ipAddress: FAR_AWAY }] });
    expect(await introspect(unknown[1], { client_address: FAR_AWAY })).toMatchObject({ active: true });
  });

  it('has the uses that its own row says', async () => {
    const { known, unknown } = await givenKnown({ accessTokenNumUsesLimit: 1 });
    expect(await isGood(known)).toBe(true);
    expect([await isGood(unknown[0]), await isGood(unknown[0])]).toEqual([true, false]);
  });

  it('is asked for as a whole where the log names its identity after the question', async () => {
    const { id, known, unknown } = await givenKnown();
    expect(await isGood(known)).toBe(true);
    const token = await replica.nest.get(TokenProof).prove(unknown[0]);
    // What no entry of the log tells, so that nothing but the name that comes in now makes a difference.
    await one.db.query('UPDATE membership SET is_active = false WHERE identity_id = $1', [id]);
    const asked = replica.nest.get(TokenStates).ask(token, { identityId: id, organizationId: token.claims.orgId });
    replica.nest.get(RevocationReader).apply([{ key: id }]);
    expect(await asked).toMatchObject({ isMember: false });
  });
});
