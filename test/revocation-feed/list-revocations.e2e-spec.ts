import pg from 'pg';
import { newId } from '../../src/common/random-id.js';
import { ENTRY, type LogEntry } from '../../src/revocation/log-read.js';
import { SCOPES } from '../../src/revocation/scope.js';
import { concerns } from '../../src/revocation-feed/feed-audience.js';
import { failedKeys, refusal, told } from '../support/answers.js';
import { TestApp } from '../support/test-app.js';
import { watchedOrganization } from '../support/watched-organization.js';

const FEED = '/api/v1/revocations';

interface Entry {
  sequence: number;
  effect: string;
  scope: string;
  key: string;
}

describe('GET /api/v1/revocations', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const verifier = async () => (await app.given.identity({ role: 'verifier' })).token;
  const page = async (token: string, query = '') => (await app.http.get(`${FEED}${query}`, { token })).body;
  const revoke = async (tokenId: string, by?: string) => {
    const token = by ?? (await app.given.root()).token;
    const answer = await app.http.post(`/api/v1/auth/token-auth/tokens/${tokenId}/revoke`, { token });
    expect(answer.status).toBe(200);
  };
  const revoked = async () => {
    const { tokenId } = await app.given.identity();
    await revoke(tokenId);
    return tokenId;
  };
  /** Walks to the end; what came on the way, and where the next walk begins. */
  const walk = async (token: string, from?: string, limit = 1000) => {
    const entries: Entry[] = [];
    let after = from;
    for (let hasMore = true; hasMore;) {
      const answer = await page(token, `?limit=${limit}${after === undefined ? '' : `&after=${after}`}`);
      expect(answer.entries.length).toBeLessThanOrEqual(limit);
      entries.push(...answer.entries);
      ({ next: after, hasMore } = answer);
    }
    return { keys: entries.map(({ key }) => key), entries, next: after ?? '' };
  };

  describe('200', () => {
    it('tells what was revoked, in the documented shape', async () => {
      const token = await verifier();
      const { next } = await walk(token);
      const tokenId = await revoked();
      const answer = await app.http.get(`${FEED}?after=${next}`, { token });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.body).toEqual({
        entries: expect.arrayContaining([
          { sequence: expect.any(Number), effect: 'revoked', scope: 'token', key: tokenId },
        ]),
        next: expect.any(String),
        hasMore: false,
        reset: false,
        asOf: expect.any(Number),
      });
    });

    it('tells wide revocations and changes by what they concern', async () => {
      const token = await verifier();
      const { next } = await walk(token);
      const admin = await app.given.root();
      const { id } = await app.given.identity();
      const config = `/api/v1/auth/token-auth/identities/${id}`;
      const body = { accessTokenTrustedIps: [{ ipAddress: '10.0.0.0/8' }] };
      await app.http.patch(config, { token: admin.token, body });
      await app.http.delete(config, { token: admin.token });
      await app.http.delete(`/api/v1/identities/${id}`, { token: admin.token });
      const { entries } = await walk(token, next);
      expect(
        entries.filter(({ key }) => key.startsWith(id)).map(({ effect, scope, key }) => [effect, scope, key]),
      ).toEqual([
        ['changed', 'identity-method', `${id}:token-auth`],
        ['revoked', 'identity-method', `${id}:token-auth`],
        ['revoked', 'identity', id],
      ]);
    });

    it('gives everything that still matters to whoever comes without a cursor', async () => {
      const token = await verifier();
      const tokenIds = [await revoked(), await revoked()];
      const { keys } = await walk(token);
      expect(keys).toEqual(expect.arrayContaining(tokenIds));
    });

    it('loses nothing between pages of one', async () => {
      const token = await verifier();
      const { next } = await walk(token);
      const tokenIds = [await revoked(), await revoked(), await revoked()];
      const { keys } = await walk(token, next, 1);
      expect(keys).toEqual(expect.arrayContaining(tokenIds));
    });

    it('loses nothing that is committed after what was handed out, in the middle of a walk either', async () => {
      const token = await verifier();
      const { next } = await walk(token);
      const [late, later] = [await app.given.identity(), await app.given.identity()];
      const client = new pg.Client({ connectionString: app.backing.databaseUrl });
      await client.connect();
      await client.query('BEGIN');
      await client.query(
        `INSERT INTO revocation (transaction_id, effect, scope, key, keep_until, created_at)
         VALUES (pg_current_xact_id()::text::bigint, 'revoked', 'token', $1, $2, $2)`,
        [late.tokenId, new Date(app.clock.now().getTime() + 86_400_000)],
      );
      await revoke(later.tokenId);
      await revoke(later.tokenId);
      const other = await revoked();
      const first = await page(token, `?limit=1&after=${next}`);
      await client.query('COMMIT');
      await client.end();
      const rest = await walk(token, first.next);
      const again = await walk(token, rest.next);
      expect([...first.entries.map(({ key }: Entry) => key), ...rest.keys, ...again.keys]).toEqual(
        expect.arrayContaining([late.tokenId, later.tokenId, other]),
      );
    });

    it('no longer tells what names nothing that could live', async () => {
      const token = await verifier();
      const { id } = await app.given.identity({ config: { accessTokenTTL: 60, accessTokenMaxTTL: 60 } });
      const tokenId = (await app.given.mint(id)).tokenData.id;
      await revoke(tokenId);
      expect((await walk(token)).keys).toContain(tokenId);
      app.clock.advance(60 + 299);
      expect((await walk(token)).keys).toContain(tokenId);
      app.clock.advance(2);
      expect((await walk(token)).keys).not.toContain(tokenId);
    });

    it('begins anew after a restore', async () => {
      const token = await verifier();
      const tokenId = await revoked();
      const { next } = await walk(token);
      await app.db.query('UPDATE instance SET incarnation = uuidv7()');
      await app.catchUp();
      const answer = await page(token, `?after=${next}`);
      expect(answer.reset).toBe(true);
      expect(answer.entries.map(({ key }: Entry) => key)).toContain(tokenId);
      expect((await page(token, `?after=${answer.next}`)).reset).toBe(false);
    });

    it('tells an organization of itself and of those below, and nothing of others', async () => {
      const root = await app.given.root();
      const member = await app.given.identity();
      const [sub, neighbour] = [await watchedOrganization(app, member.id), await watchedOrganization(app, member.id)];
      const other = await app.given.otherRoot();
      const foreign = await app.given.identity({}, other);
      const wide = await app.given.identity();
      await app.given.membership(sub.id, wide.id, 'no-access');
      await app.given.mint(wide.id, { organizationSlug: sub.slug });
      await revoke(sub.tokenId, sub.admin);
      await revoke(neighbour.tokenId, neighbour.admin);
      await revoke(foreign.tokenId, other.token);
      const ofRoot = await revoked();
      await app.http.delete(`/api/v1/identities/${wide.id}`, { token: root.token });
      const toRoot = new Set((await walk(await verifier())).keys);
      expect([sub.tokenId, neighbour.tokenId, ofRoot, wide.id].filter((key) => !toRoot.has(key))).toEqual([]);
      expect(toRoot.has(foreign.tokenId)).toBe(false);
      const toSub = new Set((await walk(sub.follower)).keys);
      expect([sub.tokenId, wide.id].filter((key) => !toSub.has(key))).toEqual([]);
      expect([neighbour.tokenId, ofRoot, foreign.tokenId].filter((key) => toSub.has(key))).toEqual([]);
    });

    it('returns an identity of the root to the sub-organizations in which it has tokens, member or not', async () => {
      const root = await app.given.root();
      const member = await app.given.identity();
      const [sub, neighbor] = [await watchedOrganization(app, member.id), await watchedOrganization(app, member.id)];
      const [former, current, elsewhere] = [
        await app.given.identity(),
        await app.given.identity(),
        await app.given.identity(),
      ];
      const place = `/api/v1/sub-organizations/${sub.id}/memberships`;
      for (const { id } of [former, current]) {
        await app.given.membership(sub.id, id, 'no-access');
        await app.given.mint(id, { organizationSlug: sub.slug });
      }
      await app.given.membership(sub.id, elsewhere.id, 'no-access');
      await app.given.membership(neighbor.id, elsewhere.id, 'no-access');
      await app.given.mint(elsewhere.id, { organizationSlug: neighbor.slug });
      await app.http.delete(`${place}/${former.id}`, { token: root.token });
      const config = `/api/v1/auth/token-auth/identities/${current.id}`;
      const body = { accessTokenTrustedIps: [{ ipAddress: '10.0.0.0/8' }] };
      await app.http.patch(config, { token: root.token, body });
      await app.http.delete(config, { token: root.token });
      for (const { id } of [former, elsewhere]) {
        await app.http.patch(`/api/v1/identities/${id}`, { token: root.token, body: { role: 'member' } });
        await app.http.delete(`/api/v1/identities/${id}`, { token: root.token });
      }
      const named = (entries: Entry[]) =>
        entries
          .filter(({ key }) => [former, current, elsewhere].some(({ id }) => key.startsWith(id)))
          .map(({ effect, scope, key }) => [effect, scope, key]);
      const ofFormer = ['revoked', 'identity', former.id];
      const ofMembership = ['revoked', 'identity-organization', `${former.id}:${sub.id}`];
      const ofCurrent = ['changed', 'revoked'].map((effect) => [effect, 'identity-method', `${current.id}:token-auth`]);
      expect(named((await walk(sub.follower)).entries)).toEqual([ofMembership, ...ofCurrent, ofFormer]);
      expect(named((await walk(neighbor.follower)).entries)).toEqual([['revoked', 'identity', elsewhere.id]]);
      expect(named((await walk(await verifier())).entries)).toHaveLength(7);
    });

    it('selects the same entries as the stream does, whatever they are about', async () => {
      const root = await app.given.root();
      const member = await app.given.identity();
      const [sub, neighbor] = [await watchedOrganization(app, member.id), await watchedOrganization(app, member.id)];
      const other = await app.given.otherRoot();
      const organizationIds = [null, root.organizationId, sub.id, neighbor.id, other.organizationId, newId()];
      const keys = [newId(), sub.id, root.organizationId, ...[sub.id, neighbor.id].map((id) => `${newId()}:${id}`)];
      const stored = [null, [], [sub.id], [root.organizationId, neighbor.id], [neighbor.id, sub.id]];
      const later = new Date(app.clock.now().getTime() + 86_400_000);
      const inserted: { sequence: string }[] = await app.db.query(
        `INSERT INTO revocation
           (transaction_id, effect, scope, key, organization_id, token_organization_ids, keep_until, created_at)
         SELECT pg_current_xact_id()::text::bigint, effect, scope, key, organization::uuid,
           CASE WHEN stored <> 'null' THEN ARRAY(SELECT jsonb_array_elements_text(stored)::uuid) END, $6, $6
         FROM unnest($1::text[]) effect, unnest($2::text[]) scope, unnest($3::text[]) key,
           unnest($4::text[]) organization, jsonb_array_elements($5::jsonb) stored RETURNING sequence`,
        [['changed', 'revoked'], SCOPES, keys, organizationIds, JSON.stringify(stored), later],
      );
      const sequences = new Set(inserted.map(({ sequence }) => Number(sequence)));
      const entries: { entry: LogEntry }[] = await app.db.query(
        `SELECT ${ENTRY} AS entry FROM revocation r LEFT JOIN organization o ON o.id = r.organization_id
         WHERE sequence = ANY ($1) ORDER BY sequence`,
        [[...sequences]],
      );
      const rootOrganizationId = root.organizationId;
      for (const [token, organizationId] of [
        [sub.follower, sub.id],
        [await verifier(), rootOrganizationId],
      ] as const) {
        const audience = { organizationId, rootOrganizationId };
        const expected = entries.flatMap(({ entry }) => (concerns(audience, entry) ? [entry.sequence] : []));
        const selected = (await walk(token)).entries.map(({ sequence }) => sequence);
        expect(selected.filter((sequence) => sequences.has(sequence))).toEqual(expected);
      }
    });
  });

  describe('403', () => {
    it.each(['member', 'no-access'])('is for a caller with the role %s', async (role) => {
      const { token } = await app.given.identity({ role });
      expect((await app.http.get(FEED, { token })).body.error).toBe('PermissionDenied');
    });
  });

  describe('422', () => {
    it.each(['after=', 'after=junk', 'after=1.2', 'limit=0', 'limit=1001', 'limit=x'])('is for ?%s', async (query) => {
      const answer = await app.http.get(`${FEED}?${query}`, { token: await verifier() });
      expect(answer.status).toBe(422);
      expect(failedKeys(answer)).toEqual([query.split('=')[0]]);
    });
  });

  describe('503', () => {
    it('is while the database is not trusted', async () => {
      const distrusting = await TestApp.start();
      const { token } = await distrusting.given.root();
      await distrusting.db.query('UPDATE instance SET database_oid = 1');
      await distrusting.catchUp();
      expect(told(await distrusting.http.get(FEED, { token }))).toEqual(
        refusal(503, 'ServiceUnavailable', expect.any(String)),
      );
      await distrusting.stop();
    });
  });
});
