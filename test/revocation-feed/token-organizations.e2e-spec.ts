import type { QueryRunner } from 'typeorm';
import type { GivenIdentity } from '../support/fixtures.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';
import { waitsForLock } from '../support/waiting.js';

/** Copies a token to each of the organizations. */
const COPY_TOKEN = `
  INSERT INTO access_token SELECT made.* FROM access_token one, unnest($2::uuid[]) AS target,
    jsonb_populate_record(one, jsonb_build_object('id', gen_random_uuid(), 'organization_id', target)) made
  WHERE one.id = $1`;

describe('the organizations that the revocation log stores with an entry about an identity', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());

  const storedFor = async (id: string): Promise<string[] | null | undefined> => {
    const rows: { ids: string[] | null }[] = await app.db.query(
      `SELECT token_organization_ids AS ids FROM revocation WHERE split_part(key, ':', 1) = $1 ORDER BY sequence`,
      [id],
    );
    return rows.at(-1)?.ids;
  };
  const deleteIdentity = async ({ id }: GivenIdentity) =>
    app.http.delete(`/api/v1/identities/${id}`, { token: (await app.given.root()).token });
  const changeAddresses = ({ id }: GivenIdentity) =>
    api.update(id, { accessTokenTrustedIps: [{ ipAddress: '10.0.0.0/8' }] });

  it.each([
    { name: 'the identity is deleted', table: 'identity', column: 'id', revoke: deleteIdentity },
    {
      name: 'its Token Auth is detached',
      table: 'token_auth_config',
      column: 'identity_id',
      revoke: ({ id }: GivenIdentity) => api.detach(id),
    },
    { name: 'its addresses change', table: 'token_auth_config', column: 'identity_id', revoke: changeAddresses },
  ])('include that of a token which is issued while $name', async ({ table, column, revoke }) => {
    const { organizationId } = await app.given.root();
    const identity = await app.given.identity();
    const sub = await app.given.subOrganization();
    // The row that the statement of a mint shares until its commit.
    const mint: QueryRunner = app.db.createQueryRunner();
    await mint.startTransaction();
    await mint.query(`SELECT FROM ${table} WHERE ${column} = $1 FOR SHARE`, [identity.id]);
    const revocation = revoke(identity);
    await waitsForLock(app.db, table, 1);
    await mint.query(COPY_TOKEN, [identity.tokenId, [sub.id]]);
    await mint.commitTransaction();
    await mint.release();
    expect((await revocation).status).toBe(200);
    expect((await storedFor(identity.id))?.toSorted()).toEqual([organizationId, sub.id].toSorted());
  });

  it('are none when the identity has no tokens', async () => {
    const { id, tokenId } = await app.given.identity();
    await app.db.query('DELETE FROM access_token WHERE id = $1', [tokenId]);
    await api.detach(id);
    expect(await storedFor(id)).toEqual([]);
  });

  it('are unknown when the identity has tokens in more than 100', async () => {
    const identity = await app.given.identity();
    const subs = await Promise.all(Array.from({ length: 100 }, () => app.given.subOrganization()));
    await app.db.query(COPY_TOKEN, [identity.tokenId, subs.slice(1).map(({ id }) => id)]);
    await changeAddresses(identity);
    expect(await storedFor(identity.id)).toHaveLength(100);
    await app.db.query(COPY_TOKEN, [identity.tokenId, [subs[0]?.id]]);
    await api.detach(identity.id);
    expect(await storedFor(identity.id)).toBeNull();
  });
});
