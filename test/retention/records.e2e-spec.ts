import { newId } from '../../src/common/random-id.js';
import { DAY, PastRecords } from '../support/past-records.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

const RETENTION = 90 * DAY;
const HOUR = 3600;

describe('what has ended', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  let past: PastRecords;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
    past = new PastRecords(app);
  });
  afterAll(() => app.stop());

  const after = async (seconds: number): Promise<void> => {
    app.clock.advance(seconds);
    await past.cleanUp();
  };
  const remove = async (path: string): Promise<void> => {
    const { token } = await app.given.root();
    expect((await app.http.delete(path, { token })).status).toBe(200);
  };

  describe('identities', () => {
    const given = () => app.given.identity({ config: { accessTokenTTL: 600 } });
    const isThere = async (id: string) => (await past.count('identity', 'id', id)) === 1;

    it('leave when the last of their tokens has left, with all that hangs on them', async () => {
      const { id } = await given();
      await app.http.patch(`/api/v1/identities/${id}`, {
        token: (await app.given.root()).token,
        body: { metadata: [{ key: 'team', value: 'payments' }] },
      });
      await remove(`/api/v1/identities/${id}`);
      await after(RETENTION);
      expect(await isThere(id)).toBe(true);
      await after(600);
      expect(await isThere(id)).toBe(false);
      for (const table of ['access_token', 'identity_metadata', 'membership', 'token_auth_config']) {
        expect([table, await past.count(table, 'identity_id', id)]).toEqual([table, 0]);
      }
      expect(await past.count('epoch', 'key', id)).toBe(0);
    });

    it('leave with what ended their tokens in single organizations, and no other does', async () => {
      const { identityId, token } = await app.given.root();
      const [gone, staying] = [await app.given.bareIdentity(), await app.given.bareIdentity()];
      const sub = await app.given.subOrganization({ [identityId]: 'admin', [gone]: 'member', [staying]: 'member' });
      for (const id of [gone, staying]) {
        const path = `/api/v1/sub-organizations/${sub.id}/memberships/${id}`;
        expect((await app.http.delete(path, { token })).status).toBe(200);
      }
      const epochsOf = async (id: string) => await past.count('epoch', 'key', `${id}:${sub.id}`);
      expect(await Promise.all([gone, staying].map(epochsOf))).toEqual([1, 1]);
      await remove(`/api/v1/identities/${gone}`);
      await after(RETENTION);
      expect(await Promise.all([gone, staying].map(epochsOf))).toEqual([0, 1]);
    });

    it('that never had a token leave 90 days after they were deleted', async () => {
      const id = await app.given.bareIdentity();
      await remove(`/api/v1/identities/${id}`);
      await after(RETENTION - 1);
      expect(await isThere(id)).toBe(true);
      await after(1);
      expect(await isThere(id)).toBe(false);
    });

    it('that live stay, with or without tokens, and so does what ended theirs', async () => {
      const { id } = await given();
      await api.detach(id);
      await after(2 * RETENTION);
      expect(await past.count('access_token', 'identity_id', id)).toBe(0);
      expect(await isThere(id)).toBe(true);
      expect(await past.count('epoch', 'key', `${id}:token-auth`)).toBe(1);
    });
  });

  describe('organizations', () => {
    /** An identity that a sub-organization owns. */
    const ownedBy = async (organizationId: string, isMember: boolean): Promise<string> => {
      const id = await app.given.bareIdentity();
      await app.db.query('UPDATE identity SET organization_id = $2 WHERE id = $1', [id, organizationId]);
      await app.db.query('DELETE FROM membership WHERE identity_id = $1 AND $2', [id, !isMember]);
      await app.given.membership(organizationId, id, 'no-access');
      return id;
    };

    it('leave with their members, roles and what they alone knew', async () => {
      const { identityId } = await app.given.root();
      const { id: guest, tokenId } = await app.given.identity({ config: { accessTokenTTL: 0 } });
      const sub = await app.given.subOrganization({ [identityId]: 'admin', [guest]: 'member' });
      const own = await ownedBy(sub.id, false);
      await app.given.customRole(own, [], { organizationId: sub.id, slug: '', identityId: '', token: '' });
      await remove(`/api/v1/sub-organizations/${sub.id}`);
      await after(RETENTION - 1);
      expect(await past.count('membership', 'organization_id', sub.id)).toBe(3);
      await after(1);
      const left = ['membership', 'role', 'identity'].map((table) => past.count(table, 'organization_id', sub.id));
      expect(await Promise.all([...left, past.count('organization', 'id', sub.id)])).toEqual([0, 0, 0, 0]);
      expect(await past.count('epoch', 'key', sub.id)).toBe(0);
      expect((await api.read(tokenId)).status).toBe(200);
    });

    it('stay while a token that worked in them is on record', async () => {
      const { identityId } = await app.given.root();
      const { id } = await app.given.identity({ config: { accessTokenTTL: 600 } });
      const sub = await app.given.subOrganization({ [identityId]: 'admin', [id]: 'no-access' });
      await app.given.mint(id, { organizationSlug: sub.slug });
      await remove(`/api/v1/sub-organizations/${sub.id}`);
      await after(RETENTION);
      expect(await past.count('organization', 'id', sub.id)).toBe(1);
      await after(600);
      expect(await past.count('organization', 'id', sub.id)).toBe(0);
    });

    it('stay while they own an identity that another organization has as a member', async () => {
      const { identityId } = await app.given.root();
      const sub = await app.given.subOrganization({ [identityId]: 'admin' });
      const id = await ownedBy(sub.id, true);
      await remove(`/api/v1/sub-organizations/${sub.id}`);
      await after(RETENTION);
      expect(await past.count('identity', 'id', id)).toBe(1);
      expect(await past.count('organization', 'id', sub.id)).toBe(1);
    });

    it('that live stay', async () => {
      const sub = await app.given.subOrganization();
      await after(2 * RETENTION);
      expect(await past.count('organization', 'id', sub.id)).toBe(1);
    });
  });

  it('idempotency keys leave after 24 hours', async () => {
    const { id } = await app.given.identity();
    const { token } = await app.given.root();
    const headers = { 'idempotency-key': newId() };
    await app.http.post(`/api/v1/auth/token-auth/identities/${id}/tokens`, { token, headers });
    await after(DAY - 1);
    expect(await past.count('idempotency_key', 'target_identity_id', id)).toBe(1);
    await after(1);
    expect(await past.count('idempotency_key', 'target_identity_id', id)).toBe(0);
  });

  describe('entries of the revocation log', () => {
    const revoked = async (): Promise<string> => {
      const { tokenId } = await app.given.identity({ config: { accessTokenTTL: 600 } });
      await api.revoke(tokenId);
      return tokenId;
    };
    const isThere = async (key: string) => (await past.count('revocation', 'key', key)) === 1;
    const beats = async (id: string): Promise<void> => {
      await app.db.query(
        `INSERT INTO replica (id, beat_at) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET beat_at = $2`,
        [id, app.clock.now()],
      );
    };

    it('leave five minutes after the last token that they name', async () => {
      const key = await revoked();
      await revoked();
      await after(600 + 299);
      expect(await isThere(key)).toBe(true);
      await after(1);
      expect(await isThere(key)).toBe(false);
    });

    it('are never without the newest, by which a restored database shows', async () => {
      await revoked();
      const newest = await revoked();
      await after(2 * RETENTION);
      expect(await isThere(newest)).toBe(true);
      const [{ count }]: [{ count: string }] = await app.db.query(
        `SELECT count(*) FROM revocation WHERE keep_until < $1`,
        [app.clock.now()],
      );
      expect(Number(count)).toBe(1);
    });

    it('wait for a replica that stood still before they were over', async () => {
      const replica = newId();
      const key = await revoked();
      await revoked();
      app.clock.advance(890);
      await beats(replica);
      await after(60);
      expect(await isThere(key)).toBe(true);
      await beats(replica);
      await after(1);
      expect(await isThere(key)).toBe(false);
    });

    it('wait no longer for one that has not been seen for an hour, which is forgotten', async () => {
      const replica = newId();
      await beats(replica);
      const key = await revoked();
      await revoked();
      await after(HOUR - 1);
      expect([await isThere(key), await past.count('replica', 'id', replica)]).toEqual([true, 1]);
      await after(1);
      expect([await isThere(key), await past.count('replica', 'id', replica)]).toEqual([false, 0]);
    });
  });

  it('rows of the audit log leave after 400 days, the oldest first', async () => {
    const [older, newer] = [await app.given.bareIdentity(), await app.given.bareIdentity()];
    app.clock.advance(1);
    const third = await app.given.bareIdentity();
    const isThere = async (id: string) => (await api.events('create-identity', id)).length === 1;
    await after(400 * DAY - 1);
    expect(await Promise.all([older, newer, third].map(isThere))).toEqual([false, false, true]);
    await after(1);
    expect(await isThere(third)).toBe(false);
  });

  it('is told in numbers', async () => {
    const { tokenId } = await app.given.identity({ config: { accessTokenTTL: 600 } });
    await past.copy(tokenId, 2);
    await after(RETENTION);
    app.clock.advance(600);
    expect(await past.cleanUp()).toMatchObject({ access_token: 3, audit_event: 0 });
    expect(await past.cleanUp()).toMatchObject({ access_token: 0, audit_event: 0 });
  });
});
