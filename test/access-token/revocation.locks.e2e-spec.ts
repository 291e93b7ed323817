import { RevocationLog } from '../../src/revocation/revocation-log.service.js';
import { TestApp } from '../support/test-app.js';

const CONFIGS = '/api/v1/auth/token-auth/identities';
const IDENTITIES = '/api/v1/identities';

/** Or a mint that saw a later number could still get in before it, and its token would outlive the end. */
describe('what ends many tokens with one number', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());
  afterEach(() => jest.restoreAllMocks());

  it.each([
    { what: 'a detachment', path: CONFIGS, row: 'token_auth_config WHERE identity_id = $1' },
    { what: 'the deletion of an identity', path: IDENTITIES, row: 'identity WHERE id = $1' },
    {
      what: 'a deletion where the identity is only a member',
      path: IDENTITIES,
      row: 'membership WHERE identity_id = $1 AND organization_id = $2',
    },
  ])('holds the row that mints share before it draws the number: $what', async ({ path, row }) => {
    const { identityId } = await app.given.root();
    const { id } = await app.given.identity();
    const sub = await app.given.subOrganization({ [identityId]: 'admin', [id]: 'no-access' });
    const isBelow = row.includes('$2');
    const { accessToken: token } = await app.given.mint(identityId, isBelow ? { organizationSlug: sub.slug } : {});
    const log = app.nest.get(RevocationLog);
    const revokeScope = log.revokeScope.bind(log);
    const free: unknown[][] = [];
    jest.spyOn(log, 'revokeScope').mockImplementationOnce(async (...args) => {
      const ids = isBelow ? [id, sub.id] : [id];
      free.push(await app.db.query(`SELECT id FROM ${row} FOR SHARE SKIP LOCKED`, ids));
      await revokeScope(...args);
    });
    expect((await app.http.delete(`${path}/${id}`, { token })).status).toBe(200);
    expect(free).toEqual([[]]);
  });
});
