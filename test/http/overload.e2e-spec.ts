import { KeyUpkeep } from '../../src/access-token/signing-key/key-upkeep.service.js';
import { MANAGEMENT_LOCK } from '../../src/database/advisory-locks.js';
import { sharesOf } from '../../src/database/pool-shares.js';
import {
  CONFIGS,
  CONNECTIONS,
  FloodedService,
  IDENTITIES,
  JOBS_DONE,
  SERVED,
  TOKENS,
} from '../support/flooded-service.js';
import type { Answer } from '../support/http-client.js';
import { MetricsOf } from '../support/metrics-of.js';
import { pipeline } from '../support/pipeline.js';
import { rawRequest } from '../support/raw-http.js';
import type { TestApp } from '../support/test-app.js';
import { waitsForLock } from '../support/waiting.js';

/** It takes some seconds; beside other tests, several times as long. */
const PIPELINED = 3000;

const CHANGES = 40;

const INSERT_MEMBERS = `
  WITH made AS (
    INSERT INTO identity (id, organization_id, name, has_delete_protection, created_at, updated_at)
    SELECT gen_random_uuid(), $1, 'member ' || n, false, now(), now() FROM generate_series(1, 400) n RETURNING id)
  INSERT INTO membership (id, organization_id, identity_id, role, is_active, created_at, updated_at)
  SELECT gen_random_uuid(), $1, id, 'no-access', true, now(), now() FROM made`;

/** The idempotency keys that a flood of POST requests sends. */
const INSERT_KEYS = `
  INSERT INTO idempotency_key (caller_identity_id, key, target_identity_id, organization_id, token_id, body_digest,
    claims, expires_at)
  SELECT $1::uuid, 'flood ' || n, $1::uuid, $2::uuid, gen_random_uuid(), '', '{}', now() + interval '1 day'
  FROM generate_series(0, $3::int - 1) n`;

function expectServedOrRejected(answers: readonly Answer[]): void {
  const outcomes = answers.map(({ status, headers }) => `${status}, retry after ${headers.get('retry-after')}`);
  expect(outcomes).toContain('200, retry after null');
  expect(outcomes.filter((outcome) => !outcome.startsWith('200'))).toEqual(
    answers.filter(({ status }) => status !== 200).map(() => '503, retry after 1'),
  );
}

/** Resolves when so many requests wait because of a limit. */
async function waitsForQueued(app: TestApp, count: number): Promise<void> {
  while ((await MetricsOf.read(app)).sum('token_auth_database_queue_length') < count);
}

/** With 3, requests have two connections, and background jobs have one. */
const POOL_SIZES = [3, 20];

describe.each(POOL_SIZES)('while one caller floods a service with DATABASE_POOL_SIZE=%i', (poolSize) => {
  let service: FloodedService;
  beforeAll(async () => {
    service = await FloodedService.start(poolSize);
    await service.app.db.query(INSERT_MEMBERS, [service.flooding.organizationId]);
  });
  afterAll(() => service.stop());

  it('serves others during lists of all identities on 200 connections', async () => {
    const { organizationId } = service.flooding;
    const answers = await service.floodDuring(`${IDENTITIES}?orgId=${organizationId}&limit=1000`, async () => {
      expect(await service.useService()).toEqual(SERVED);
      expect(await service.runBackgroundJobs()).toEqual(JOBS_DONE);
    });
    expectServedOrRejected(answers);
  });
});

describe('while one caller floods a service with few connections', () => {
  let service: FloodedService;
  beforeAll(async () => {
    service = await FloodedService.start(3);
  });
  afterAll(() => service.stop());

  it('looks up what others ask for during 200 lookups that share statements', async () => {
    const { flooding, other } = service;
    const [flooded, read] = await Promise.all([
      service.app.given.mint(flooding.identityId, {}, flooding.token),
      service.app.given.mint(other.identityId, {}, other.token),
    ]);
    await service.lock('LOCK TABLE access_token_usage');
    const answers = service.flood('GET', `${TOKENS}/${flooded.tokenData.id}`);
    await waitsForLock(service.app.background);
    const answer = service.app.http.get(`${TOKENS}/${read.tokenData.id}`, { token: other.token });
    // Sent later, and served without the database.
    await service.app.http.get('/api/status');
    await service.releaseLocks();
    expect((await answer).status).toBe(200);
    expectServedOrRejected(await answers);
  });

  it('serves others during 3,000 pipelined requests on one connection', async () => {
    const { token, identityId } = service.flooding;
    const requests = Array.from({ length: PIPELINED }, (_, n) =>
      rawRequest(`GET ${IDENTITIES}/${identityId}`, {
        authorization: `Bearer ${token}`,
        connection: n === PIPELINED - 1 ? 'close' : 'keep-alive',
      }),
    );
    const answers = pipeline(service.app.origin, requests);
    expect(await service.useService()).toEqual(SERVED);
    expect(await service.runBackgroundJobs()).toEqual(JOBS_DONE);
    const statuses = (await answers).map(({ status, retryAfter }) => `${status} ${retryAfter}`);
    expect(statuses).toHaveLength(PIPELINED);
    expect(new Set(statuses)).toEqual(new Set(['200 null', '503 1']));
  }, 120_000);
});

describe('while requests of one caller wait for a lock, each with a connection of its own', () => {
  let service: FloodedService;
  beforeAll(async () => {
    service = await FloodedService.start(20);
  });
  afterEach(() => service.releaseLocks());
  afterAll(() => service.stop());

  /** Resolves when statements that have these words wait for the lock. */
  const expectOthersServed = async (answers: Promise<Answer[]>, words: string): Promise<void> => {
    await waitsForLock(service.app.db, words);
    expect(await service.useService()).toEqual(SERVED);
    expect(await service.runBackgroundJobs()).toEqual(JOBS_DONE);
    await service.releaseLocks();
    expectServedOrRejected(await answers);
  };

  it('serves others and counts what is queued when these are reads', async () => {
    const { identityId } = service.flooding;
    await service.lock('LOCK TABLE identity_metadata');
    await expectOthersServed(service.flood('GET', `${IDENTITIES}/${identityId}`), 'identity_metadata');
    const metrics = await MetricsOf.read(service.app);
    expect(metrics.sum('token_auth_database_queued_total', { work: 'read' })).toBeGreaterThan(CONNECTIONS / 2);
    expect(metrics.sum('token_auth_database_queue_length')).toBe(0);
  });

  it('serves others when these are changes of a token', async () => {
    const { tokenId } = await service.app.given.identity();
    await service.lock('SELECT FROM access_token WHERE id = $1 FOR UPDATE', [tokenId]);
    await expectOthersServed(
      service.flood('PATCH', `${TOKENS}/${tokenId}`, { body: { name: 'changed' } }),
      'access_token',
    );
  });

  it('serves others when these are mints with an idempotency key', async () => {
    const { identityId, organizationId } = service.flooding;
    await service.lock(INSERT_KEYS, [identityId, organizationId, CONNECTIONS]);
    // PostgreSQL shows only the beginning of the statement.
    await expectOthersServed(service.flood('POST', `${CONFIGS}/${identityId}/tokens`, { body: {} }), '');
  });

  it('serves others when these are renewals', async () => {
    const { identityId, token } = service.flooding;
    const { accessToken, tokenData } = await service.app.given.mint(identityId, {}, token);
    await service.lock('SELECT FROM access_token WHERE id = $1 FOR UPDATE', [tokenData.id]);
    await expectOthersServed(
      service.flood('POST', '/api/v1/auth/token/renew', { body: { accessToken } }),
      'access_token',
    );
  });

  it('serves others when these are uses of a limited token', async () => {
    const { token, tokenId } = await service.app.given.identity({ config: { accessTokenNumUsesLimit: 1000 } });
    await service.lock('SELECT FROM access_token WHERE id = $1 FOR UPDATE', [tokenId]);
    await expectOthersServed(service.flood('GET', `${IDENTITIES}/details`, { token }), 'num_uses + 1');
  });

  it('starts a change of another caller of the organization before most of the changes that wait', async () => {
    const { identityId, organizationId, token } = service.flooding;
    const other = await service.app.given.identity({ role: 'admin' });
    await service.lock('SELECT pg_advisory_xact_lock($1, hashtext($2))', [MANAGEMENT_LOCK, organizationId]);
    let numAnswered = 0;
    const change = async (caller: string, name: string): Promise<number> => {
      const { status } = await service.app.http.patch(`${IDENTITIES}/${identityId}`, { token: caller, body: { name } });
      numAnswered += 1;
      return status;
    };
    const flood = Promise.all(Array.from({ length: CHANGES }, (_, n) => change(token, `flood ${n}`)));
    await waitsForLock(service.app.db, 'pg_advisory_xact_lock');
    const changed = change(other.token, 'other');
    await waitsForQueued(service.app, CHANGES - sharesOf(20).change);
    await service.releaseLocks();
    expect(await changed).toBe(200);
    expect(numAnswered).toBeLessThan(CHANGES / 2);
    expect(new Set(await flood)).toEqual(new Set([200]));
  });

  it('runs background jobs while requests hold every connection of theirs', async () => {
    expect(await service.useService()).toEqual(SERVED);
    const { requests } = sharesOf(20);
    const runners = Array.from({ length: requests }, () => service.app.db.createQueryRunner());
    await Promise.all(runners.map((runner) => runner.connect()));
    expect(await service.runBackgroundJobs()).toEqual(JOBS_DONE);
    await service.app.nest.get(KeyUpkeep).upkeep();
    await Promise.all(runners.map((runner) => runner.release()));
  });
});
