import { ask, DatabaseRoles } from '../support/database-roles.js';
import { KeysOf } from '../support/keys-of.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

/** What somebody with the password of the service's own database role cannot do. */
describe('the service role takes nothing back', () => {
  const roles = new DatabaseRoles();
  const { as, env } = roles;
  let app: TestApp;
  let superuser: string;
  beforeAll(async () => {
    app = await TestApp.start({ via: roles.migrateAsOwner, env });
    ({ superuser } = roles);
  });
  afterAll(async () => {
    await app.stop();
    await roles.drop();
  });

  const forbidden = { code: '42501' };
  const given = async () => {
    const api = new TokenAuthApi(app);
    const { id, token, tokenId } = await app.given.identity({ config: { accessTokenNumUsesLimit: 5 } });
    return { api, id, token, tokenId };
  };
  const service = (statement: string) => ask(as('service'), statement);

  it.each([
    'revoked_at = NULL',
    'id = gen_random_uuid()',
    'epoch = epoch + 1000000',
    'num_uses = num_uses - 1',
    'num_uses_limit = 0',
    `max_ttl = 0`,
    `created_at = created_at + interval '1 day'`,
    `auth_method = 'x'`,
    `expires_at = expires_at - interval '1 second'`,
    'organization_id = (SELECT id FROM organization WHERE id <> organization_id LIMIT 1)',
    'identity_id = (SELECT id FROM identity WHERE id <> identity_id LIMIT 1)',
  ])('in the row of a revoked token: SET %s', async (change) => {
    const { api, token, tokenId } = await given();
    await app.given.subOrganization();
    expect(await api.use(token)).toBe(200);
    await api.revoke(tokenId);
    await expect(service(`UPDATE access_token SET ${change} WHERE id = '${tokenId}'`)).rejects.toMatchObject(forbidden);
    expect(await api.use(token)).toBe(401);
  });

  it('by another row in place of a revoked one', async () => {
    const { tokenId } = await given();
    const byId = `access_token WHERE id = '${tokenId}'`;
    await ask(
      superuser,
      `UPDATE access_token SET expires_at = greatest(expires_at, now() + interval '1 hour') WHERE id = '${tokenId}'`,
    );
    await expect(service(`DELETE FROM ${byId}`)).rejects.toMatchObject(forbidden);
    expect(await ask(superuser, `SELECT FROM ${byId}`)).toHaveLength(1);
  });

  it('by an epoch that is deleted, lowered or renamed', async () => {
    const { api, id, token } = await given();
    await api.detach(id);
    const key = `key = '${id}:token-auth'`;
    for (const statement of [
      `DELETE FROM epoch WHERE ${key}`,
      'DELETE FROM epoch',
      `UPDATE epoch SET sequence = sequence - 1 WHERE ${key}`,
      `UPDATE epoch SET key = 'x' WHERE ${key}`,
      `UPDATE epoch SET scope = 'key' WHERE ${key}`,
      // A table of their own in place of the one that the trigger reads.
      `BEGIN; CREATE TEMP TABLE identity (id uuid); DELETE FROM epoch WHERE ${key}; COMMIT`,
    ])
      await expect(service(statement)).rejects.toMatchObject(forbidden);
    expect(await api.use(token)).toBe(401);
  });

  it('by the epoch of a key, of the instance or of an organization', async () => {
    const { organizationId } = await app.given.root();
    for (const [scope, key] of [
      ['key', 'a-key'],
      ['instance', '*'],
      ['organization', organizationId],
      ['identity-organization', `${(await given()).id}:${organizationId}`],
    ]) {
      await service(`INSERT INTO epoch VALUES ('${scope}', '${key}', 0) ON CONFLICT DO NOTHING`);
      const remove = service(`DELETE FROM epoch WHERE scope = '${scope}' AND key = '${key}'`);
      await expect(remove).rejects.toMatchObject(forbidden);
    }
  });

  it('by a deleted identity or organization that comes back, or an organization that moves', async () => {
    const { id } = await given();
    const { id: sub } = await app.given.subOrganization();
    const { id: other } = await app.given.subOrganization();
    await service(`UPDATE identity SET deleted_at = now() WHERE id = '${id}'`);
    await service(`UPDATE organization SET deleted_at = now() WHERE id = '${sub}'`);
    for (const statement of [
      `UPDATE identity SET deleted_at = NULL WHERE id = '${id}'`,
      `UPDATE organization SET deleted_at = NULL WHERE id = '${sub}'`,
      `UPDATE organization SET root_id = '${sub}' WHERE id = '${other}'`,
      `UPDATE organization SET parent_id = '${sub}' WHERE id = '${other}'`,
      `UPDATE organization SET id = gen_random_uuid() WHERE id = '${other}'`,
    ])
      await expect(service(statement)).rejects.toMatchObject(forbidden);
  });

  it('by a second bootstrap', async () => {
    await app.given.root();
    await service('UPDATE instance SET bootstrapped_at = coalesce(bootstrapped_at, now())');
    for (const change of ['bootstrapped_at = NULL', 'id = 2'])
      await expect(service(`UPDATE instance SET ${change}`)).rejects.toMatchObject(forbidden);
  });

  it('by a signing key that was revoked, or that is not one of the service', async () => {
    const keys = new KeysOf(app);
    const revoked = await keys.kid('active');
    await keys.revoke(revoked);
    for (const change of [`state = 'retiring'`, `public_jwk = '{}'`, 'is_adoptable = true', `kid = 'x'`])
      await expect(service(`UPDATE signing_key SET ${change} WHERE kid = '${revoked}'`)).rejects.toMatchObject(
        forbidden,
      );
    const insert =
      service(`INSERT INTO signing_key (kid, algorithm, public_jwk, state, created_at, state_since, is_adoptable)
        VALUES ('x', 'ES256', '{}', 'retiring', now(), now(), true)`);
    await expect(insert).rejects.toMatchObject(forbidden);
  });
});
