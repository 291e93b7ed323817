import { newId } from '../../src/common/random-id.js';
import { refusal, told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';

/** Each is taken away in the database alone, so that nothing but its own mark speaks against the token. */
describe('a bearer token in a sub-organization', () => {
  let app: TestApp;
  beforeEach(async () => {
    app = await TestApp.start();
  });
  afterEach(() => app.stop());

  it.each([
    { what: 'itself', taken: 'UPDATE access_token SET revoked_at = now()' },
    { what: 'its identity', taken: 'UPDATE identity SET deleted_at = now()' },
    { what: 'its organization', taken: 'UPDATE organization SET deleted_at = now() WHERE parent_id IS NOT NULL' },
    { what: 'the root above', taken: 'UPDATE organization SET deleted_at = now() WHERE parent_id IS NULL' },
    { what: 'Token Auth of its identity', taken: 'DELETE FROM token_auth_config' },
    { what: 'the key of its text', taken: `UPDATE signing_key SET state = 'revoked'` },
  ])('falls with $what, by every way in', async ({ taken }) => {
    const { identityId } = await app.given.root();
    const { id } = await app.given.identity();
    const { slug } = await app.given.subOrganization({ [identityId]: 'admin', [id]: 'no-access' });
    const { accessToken } = await app.given.mint(id, { organizationSlug: slug });
    const details = () => app.http.get('/api/v1/identities/details', { token: accessToken });
    expect((await details()).status).toBe(200);
    await app.db.query(taken);
    // The log says nothing of it: what the replica remembers is to be forgotten.
    await app.db.query('UPDATE instance SET incarnation = $1', [newId()]);
    await app.catchUp();
    const gone = refusal(401, 'UnauthorizedError');
    expect(told(await details())).toEqual(gone);
    for (const way of ['renew', 'revoke']) {
      expect(told(await app.http.post(`/api/v1/auth/token/${way}`, { body: { accessToken } }))).toEqual(gone);
    }
  });
});
