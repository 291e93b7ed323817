import type { QueryRunner } from 'typeorm';
import { TokenCensus } from '../../src/access-token/token-census.service.js';
import { TokenUsage } from '../../src/access-token/usage/token-usage.service.js';
import { newId } from '../../src/common/random-id.js';
import { Retention } from '../../src/retention/retention.service.js';
import { sharesOf } from '../../src/database/pool-shares.js';
import { EventStream } from '../support/event-stream.js';
import { MetricsOf } from '../support/metrics-of.js';
import { DAY, PastRecords } from '../support/past-records.js';
import { sendRaw, rawRequest } from '../support/raw-http.js';
import { TestApp } from '../support/test-app.js';

const DETAILS = '/api/v1/identities/details';

describe('the metrics', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  /** How much each of these grew by what was done. */
  const growth = async (
    of: [name: string, labels?: Record<string, string>][],
    deed: () => Promise<unknown>,
  ): Promise<number[]> => {
    const before = await MetricsOf.read(app);
    await deed();
    const after = await MetricsOf.read(app);
    return of.map(
      ([name, labels]) => after.sum(`token_auth_${name}`, labels) - before.sum(`token_auth_${name}`, labels),
    );
  };
  const reading = async (name: string, labels?: Record<string, string>): Promise<number> =>
    (await MetricsOf.read(app)).sum(`token_auth_${name}`, labels);

  it('count requests by the pattern of their route, method and status', async () => {
    const { token, id } = await app.given.identity({ role: 'admin' });
    const route = { route: '/api/v1/identities/:identityId', method: 'GET' };
    expect(
      await growth(
        [
          ['http_requests_total', { ...route, status: '200' }],
          ['http_requests_total', { ...route, status: '404' }],
          ['http_request_duration_seconds_count', route],
        ],
        async () => {
          await app.http.get(`/api/v1/identities/${id}`, { token });
          await app.http.get(`/api/v1/identities/${newId()}`, { token });
        },
      ),
    ).toEqual([1, 1, 2]);
    expect((await MetricsOf.read(app)).text).not.toContain(id);
  });

  it('take no label from what was sent', async () => {
    const none = { route: 'none', method: 'any' };
    expect(
      await growth([['http_requests_total', none]], async () => {
        await app.http.get('/api/v1/no-such-route');
        await app.http.send('PROPFIND', '/api/v1/another-such-route');
        await sendRaw(app.origin, rawRequest('GET /api/v1/%zz-such-route'));
      }),
    ).toEqual([3]);
    expect((await MetricsOf.read(app)).text).not.toMatch(/such-route|PROPFIND/);
  });

  it('count denials by their reason', async () => {
    const { token } = await app.given.identity();
    const { id } = await app.given.identity();
    expect(
      await growth(
        [
          ['denials_total', { reason: 'missing' }],
          ['denials_total', { reason: 'malformed' }],
          ['denials_total', { reason: 'PermissionDenied' }],
          ['denials_total'],
        ],
        async () => {
          await app.http.get(DETAILS);
          await app.http.get(DETAILS, { token: 'junk' });
          await app.http.get(`/api/v1/identities/${id}`, { token });
          await app.http.get(`/api/v1/identities/not-an-id`, { token });
        },
      ),
    ).toEqual([1, 1, 1, 3]);
  });

  it('count mints, verifications, and what was found in memory', async () => {
    const { id } = await app.given.identity();
    expect(
      await growth(
        [
          ['tokens_minted_total'],
          ['verifications_accepted_total'],
          ['proof_cache_lookups_total', { result: 'miss' }],
          ['state_cache_lookups_total', { result: 'miss' }],
        ],
        async () => {
          const { accessToken } = await app.given.mint(id);
          await app.http.get(DETAILS, { token: accessToken });
        },
      ),
    ).toEqual([1, 2, 1, 1]);
    const { token } = await app.given.identity();
    await app.http.get(DETAILS, { token });
    expect(
      await growth(
        [
          ['proof_cache_lookups_total', { result: 'hit' }],
          ['state_cache_lookups_total', { result: 'hit' }],
          ['proof_cache_lookups_total', { result: 'miss' }],
        ],
        () => app.http.get(DETAILS, { token }),
      ),
    ).toEqual([1, 1, 0]);
  });

  it('count what verifiers ask, and why they are told no', async () => {
    const verifier = await app.given.identity({ role: 'verifier' });
    const { token } = await app.given.identity();
    const ask = (subject: string) =>
      app.http.post('/oauth2/introspect', { token: verifier.token, body: { token: subject } });
    expect(
      await growth(
        [
          ['introspections_total', { active: 'true' }],
          ['introspections_total', { active: 'false' }],
          ['introspected_inactive_total', { reason: 'malformed' }],
        ],
        async () => {
          await ask(token);
          await ask('junk');
        },
      ),
    ).toEqual([1, 1, 1]);
  });

  it('tell how late revocations are, how old the knowledge of them is, and who follows', async () => {
    const { token, tokenId } = await app.given.identity({ role: 'verifier' });
    const follower = await EventStream.open(`${app.origin}/api/v1/revocations/stream`, token);
    await follower.next();
    expect(await reading('feed_followers')).toBe(1);
    const { token: admin } = await app.given.root();
    const [seen] = await growth([['revocation_lag_seconds_count']], async () => {
      await app.http.post(`/api/v1/auth/token-auth/tokens/${tokenId}/revoke`, { token: admin });
      await app.catchUp();
    });
    expect(seen).toBe(1);
    await follower.ended();
    expect(await reading('feed_trusted')).toBe(1);
    expect(await reading('feed_age_seconds')).toBeLessThan(60);
    app.clock.pass(60_000);
    expect(await reading('feed_age_seconds')).toBeGreaterThanOrEqual(60);
    await app.catchUp();
  });

  it('tell what waits to be written', async () => {
    const { token } = await app.given.identity();
    const usage = app.nest.get(TokenUsage);
    await usage.flush();
    expect([await reading('usage_waiting_tokens'), await reading('usage_flush_lag_seconds')]).toEqual([0, 0]);
    await app.db.transaction(async (tx) => {
      await tx.query('LOCK TABLE access_token_usage IN ACCESS EXCLUSIVE MODE');
      await app.http.get(DETAILS, { token });
      expect(await reading('usage_waiting_tokens')).toBe(1);
      expect(await reading('usage_flush_lag_seconds')).toBeGreaterThan(0);
    });
    await usage.flush();
    expect(await reading('usage_flush_lag_seconds')).toBe(0);
  });

  it('tell how the pool is used', async () => {
    const { requests } = sharesOf(20);
    const runners: QueryRunner[] = Array.from({ length: requests + 1 }, () => app.db.createQueryRunner());
    const connections = runners.map((runner) => runner.connect());
    await Promise.all(connections.slice(0, requests));
    expect(await reading('database_pool_size')).toBe(20);
    expect(await reading('database_pool_connections', { state: 'in_use' })).toBe(requests);
    expect(await reading('database_pool_connections', { state: 'waiting' })).toBe(1);
    await runners[0]?.release();
    await connections[requests];
    await Promise.all(runners.map((runner) => runner.release()));
    expect(await reading('database_pool_connections', { state: 'in_use' })).toBe(0);
    expect(await reading('ready', { check: 'database' })).toBe(1);
  });

  it('tell how many tokens expire soon, without those that are revoked, and about how many there are', async () => {
    const { id } = await app.given.identity({ config: { accessTokenTTL: 600, accessTokenMaxTTL: 600 } });
    const census = app.nest.get(TokenCensus);
    await census.take();
    const [hour, day] = await growth(
      [
        ['tokens_expiring', { within: '1h' }],
        ['tokens_expiring', { within: '1d' }],
      ],
      async () => {
        await app.given.mint(id);
        const { tokenData } = await app.given.mint(id);
        const { token } = await app.given.root();
        await app.http.post(`/api/v1/auth/token-auth/tokens/${tokenData.id}/revoke`, { token });
        await app.db.query('ANALYZE access_token');
        await census.take();
      },
    );
    expect([hour, day]).toEqual([1, 1]);
    const [{ count }]: { count: number }[] = await app.db.query('SELECT count(*)::int FROM access_token');
    const estimated = await reading('tokens_estimated');
    expect(estimated).toBeGreaterThan(count / 2);
    expect(estimated).toBeLessThan(count * 2);
  });

  it('estimate how many tokens expire soon where they are too many to be counted', async () => {
    const { tokenId } = await app.given.identity({ config: { accessTokenTTL: 2 * DAY, accessTokenMaxTTL: 2 * DAY } });
    await new PastRecords(app).copy(tokenId, 15_000);
    await app.db.query('ANALYZE access_token');
    await app.nest.get(TokenCensus).take();
    expect(await reading('tokens_expiring', { within: '1d' })).toBeLessThan(10_000);
    const week = await reading('tokens_expiring', { within: '7d' });
    expect(week).toBeGreaterThan(12_000);
    expect(week).toBeLessThan(20_000);
  });

  it('tell how the keys and the clean-up are', async () => {
    expect(await reading('signing_possible')).toBe(1);
    const age = await reading('signing_key_age_seconds');
    app.clock.advance(100);
    expect((await reading('signing_key_age_seconds')) - age).toBe(100);
    await app.nest.get(Retention).run();
    expect(await reading('cleanup_last_run_timestamp_seconds')).toBeGreaterThan(0);
    await app.db.query('ALTER TABLE idempotency_key RENAME TO away');
    const failed = await growth([['cleanup_failures_total', { kind: 'idempotency_key' }]], () =>
      app.nest.get(Retention).run(),
    );
    await app.db.query('ALTER TABLE away RENAME TO idempotency_key');
    expect(failed).toEqual([1]);
  });
});
