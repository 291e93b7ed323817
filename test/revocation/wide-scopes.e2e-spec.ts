import { SigningKeys } from '../../src/access-token/signing-key/signing-keys.service.js';
import { inTransaction } from '../../src/database/transaction.js';
import { RevocationLog } from '../../src/revocation/revocation-log.service.js';
import type { ScopeKey } from '../../src/revocation/scope.js';
import { decodeJwt, headerOf } from '../support/jwt.js';
import { TestApp } from '../support/test-app.js';
import { withoutTriggers } from '../support/without-triggers.js';

/** Where a token of a sub-organization stands. */
interface Place {
  sub: string;
  orgId: string;
  rootOrgId: string;
  kid: string;
}

type KeyOf = (place: Place) => ScopeKey;

const SCOPES: [name: string, keyOf: KeyOf][] = [
  ['the instance', () => ({ scope: 'instance', key: '*' })],
  ['the root organization', ({ rootOrgId }) => ({ scope: 'organization', key: rootOrgId })],
  ['the organization', ({ orgId }) => ({ scope: 'organization', key: orgId })],
  ['the identity', ({ sub }) => ({ scope: 'identity', key: sub })],
  ['the method', ({ sub }) => ({ scope: 'identity-method', key: `${sub}:token-auth` })],
  ['the membership', ({ sub, orgId }) => ({ scope: 'identity-organization', key: `${sub}:${orgId}` })],
  ['the signing key', ({ kid }) => ({ scope: 'key', key: kid })],
];

const PAIRS = SCOPES.flatMap(([one, lower]) =>
  SCOPES.filter(([other]) => other !== one).map(([other, higher]) => [one, other, lower, higher] as const),
);

/** An epoch that no test reaches. */
const BEYOND_ALL = 1_000_000_000;

describe('CVE-2026-8922: of all wide scopes of a token the strictest counts', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
    const { token } = await app.given.root();
    // Whoever mints and asks stands in the same scopes, and is to outlive them.
    await withoutTriggers(app.db, 'UPDATE access_token SET epoch = $2 WHERE id = $1', [
      decodeJwt(token).jti,
      BEYOND_ALL,
    ]);
    // A key with an epoch verifies nothing as soon as the keys are loaded. Here its tokens' epochs alone decide.
    jest.spyOn(app.nest.get(SigningKeys), 'load').mockResolvedValue();
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await app.stop();
  });

  /** An identity of its own, which is given tokens for a sub-organization of its own. */
  const givenPlace = async () => {
    const root = await app.given.root();
    const sub = await app.given.bareIdentity();
    await app.given.attach(sub);
    const { id: orgId, slug } = await app.given.subOrganization({ [root.identityId]: 'admin', [sub]: 'no-access' });
    const place: Place = { sub, orgId, rootOrgId: root.organizationId, kid: String(headerOf(root.token).kid) };
    return { place, mint: async () => (await app.given.mint(sub, { organizationSlug: slug })).accessToken };
  };
  /** The epoch alone: nothing is deleted, detached or marked as revoked. */
  const raise = async (entry: ScopeKey) =>
    inTransaction(app.db, (tx) =>
      app.nest.get(RevocationLog).revokeScope(tx, { ...entry, organizationId: null, now: app.clock.now() }),
    );
  const verdicts = async (text: string) => {
    const { token } = await app.given.root();
    const [used, asked] = await Promise.all([
      app.http.get('/api/v1/identities/details', { token: text }),
      app.http.post('/oauth2/introspect', { token, body: { token: text } }),
    ]);
    return [used.status, asked.body.active as boolean];
  };
  const GOOD = [200, true];
  const REFUSED = [401, false];

  it.each(SCOPES)('refuses a token minted before the epoch of %s', async (_name, keyOf) => {
    const { place, mint } = await givenPlace();
    const [known, unknown, other] = [await mint(), await mint(), await mint()];
    expect(await verdicts(known)).toEqual(GOOD);
    await raise(keyOf(place));
    expect(await verdicts(known)).toEqual(REFUSED);
    expect(await verdicts(unknown)).toEqual(REFUSED);
    // What its scopes have in common with a good one is known by then.
    expect(await verdicts(await mint())).toEqual(GOOD);
    expect(await verdicts(other)).toEqual(REFUSED);
  });

  it.each(PAIRS)(
    'refuses a token minted after the epoch of %s and before that of %s',
    async (_one, _other, lower, higher) => {
      const { place, mint } = await givenPlace();
      await raise(lower(place));
      const token = await mint();
      expect(await verdicts(token)).toEqual(GOOD);
      await raise(higher(place));
      expect(await verdicts(token)).toEqual(REFUSED);
    },
  );

  it('accepts a token minted after the epochs of all', async () => {
    const { place, mint } = await givenPlace();
    for (const [, keyOf] of SCOPES) await raise(keyOf(place));
    expect(await verdicts(await mint())).toEqual(GOOD);
  });
});
