import { serviceContext } from '../../src/access-token/service-context.js';
import { BootstrapService } from '../../src/bootstrap/bootstrap.service.js';
import { failedKeys, refusal, tally, told } from '../support/answers.js';
import { decodeJwt } from '../support/jwt.js';
import { TestApp } from '../support/test-app.js';

describe('POST /api/v1/admin/bootstrap', () => {
  let apps: TestApp[] = [];
  afterEach(async () => {
    await Promise.all(apps.map((app) => app.stop()));
    apps = [];
  });

  const start = async (env: Record<string, string> = {}): Promise<TestApp> => {
    const app = await TestApp.start({ env });
    apps.push(app);
    return app;
  };
  const BODY = { email: 'ops@example.com', password: 'a password', organization: 'Acme Corp' };
  const bootstrap = (app: TestApp, body: unknown = BODY, token?: string) =>
    app.http.post('/api/v1/admin/bootstrap', { body, token });

  describe('200', () => {
    it('answers the first organization, its administrator and a token that works', async () => {
      const app = await start();
      const answer = await bootstrap(app);
      expect(told(answer)).toEqual({
        status: 200,
        body: {
          message: 'Successfully bootstrapped instance',
          user: {
            id: expect.any(String),
            email: 'ops@example.com',
            username: 'ops@example.com',
            firstName: null,
            lastName: null,
            superAdmin: true,
          },
          organization: { id: expect.any(String), name: 'Acme Corp', slug: 'acme-corp' },
          identity: { id: expect.any(String), name: expect.any(String), credentials: { token: expect.any(String) } },
        },
      });
      expect(answer.headers.get('cache-control')).toBe('no-store');
      const { organization, identity } = answer.body;
      const token = identity.credentials.token as string;
      expect(decodeJwt(token)).toMatchObject({ sub: identity.id, orgId: organization.id });
      const made = await app.http.post('/api/v1/identities', {
        token,
        body: { name: 'x', organizationId: organization.id, role: 'admin' },
      });
      expect(made.status).toBe(200);
    });

    it('gives the administrator Token Auth without limits', async () => {
      const app = await start();
      const { identity } = (await bootstrap(app)).body;
      const config = await app.http.get(`/api/v1/auth/token-auth/identities/${identity.id}`, {
        token: identity.credentials.token,
      });
      expect(config.body.identityTokenAuth).toMatchObject({
        accessTokenTTL: 0,
        accessTokenMaxTTL: 0,
        accessTokenNumUsesLimit: 0,
        accessTokenTrustedIps: [
          { ipAddress: '0.0.0.0', prefix: 0 },
          { ipAddress: '::', prefix: 0 },
        ],
      });
    });

    it('keeps neither the password nor the contact, and needs no password', async () => {
      const app = await start();
      expect((await bootstrap(app, { email: 'ops@example.com', organization: 'Acme' })).status).toBe(200);
      const other = await start();
      await bootstrap(other);
      const tables: { name: string }[] = await other.db.query(
        `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
      );
      for (const { name } of tables) {
        const kept: unknown[] = await other.db.query(
          `SELECT 1 FROM "${name}" t WHERE t::text LIKE '%a password%' OR t::text LIKE '%ops@example.com%'`,
        );
        expect({ name, kept }).toEqual({ name, kept: [] });
      }
      expect(other.logLines.join('')).not.toMatch(/a password|ops@example/);
    });

    it('writes that it happened', async () => {
      const app = await start();
      const { organization, identity } = (await bootstrap(app)).body;
      const rows: object[] = await app.db.query(
        `SELECT event, outcome, organization_id, identity_id FROM audit_event WHERE event NOT LIKE '%signing-key'`,
      );
      expect(rows).toEqual([
        {
          event: 'bootstrap-instance',
          outcome: 'success',
          organization_id: organization.id,
          identity_id: identity.id,
        },
      ]);
    });

    it('is for whoever knows BOOTSTRAP_TOKEN, where that is set', async () => {
      const secret = 's'.repeat(32);
      const app = await start({ BOOTSTRAP_TOKEN: secret });
      for (const wrong of [undefined, '', 'x'.repeat(32), secret.slice(1), `${secret}s`]) {
        expect(told(await bootstrap(app, BODY, wrong))).toEqual(refusal(401, 'UnauthorizedError'));
      }
      expect((await bootstrap(app, BODY, secret)).status).toBe(200);
      expect(app.logLines.join('')).not.toContain(secret);
    });
  });

  it('lets an address guess BOOTSTRAP_TOKEN as seldom as any other credential', async () => {
    const app = await start({ BOOTSTRAP_TOKEN: 's'.repeat(32), FAILED_CREDENTIALS_PER_MINUTE: '3' });
    for (let guess = 0; guess < 3; guess += 1) expect((await bootstrap(app, BODY, 'wrong')).status).toBe(401);
    expect(told(await bootstrap(app, BODY, 's'.repeat(32)))).toEqual(refusal(429, 'RateLimitExceeded'));
    app.clock.advance(60);
    expect((await bootstrap(app, BODY, 's'.repeat(32))).status).toBe(200);
  });

  describe('400', () => {
    it('is for every time but the first', async () => {
      const app = await start();
      await bootstrap(app);
      expect(told(await bootstrap(app))).toEqual(refusal(400, 'BadRequest', 'The instance has been set up already'));
    });

    it('is for all but one of 20 at once', async () => {
      const app = await start();
      expect(tally(await Promise.all(Array.from({ length: 20 }, () => bootstrap(app))))).toEqual({ 200: 1, 400: 19 });
      const rows: object[] = await app.db.query('SELECT FROM organization');
      expect(rows).toHaveLength(1);
    });

    it('is for an instance whose organization is gone', async () => {
      const app = await start();
      await bootstrap(app);
      await app.db.query('UPDATE organization SET deleted_at = now()');
      expect((await bootstrap(app)).status).toBe(400);
    });
  });

  it('takes no lock where the instance has been set up, and a recovery shares it with mints', async () => {
    const app = await start();
    await bootstrap(app);
    const mint = app.db.createQueryRunner();
    await mint.startTransaction();
    await mint.query('SELECT FROM instance FOR SHARE');
    expect((await bootstrap(app)).status).toBe(400);
    const recovery = await app.nest.get(BootstrapService).recover(serviceContext(app.clock.now()));
    await mint.query('LOCK TABLE instance IN EXCLUSIVE MODE');
    expect((await bootstrap(app)).status).toBe(400);
    await mint.rollbackTransaction();
    await mint.release();
    expect((await app.http.get('/api/v1/identities/details', { token: recovery.token })).status).toBe(200);
  });

  it('is no route at all where it is switched off', async () => {
    const app = await start({ BOOTSTRAP_ENABLED: 'false' });
    expect(told(await bootstrap(app))).toEqual(refusal(404, 'NotFound', 'There is no such route'));
  });

  describe('422', () => {
    it.each([
      { email: 'nobody', organization: 'x' },
      { email: '\ud800', organization: 'x' },
      { email: undefined, organization: 'x' },
      { email: 'ops@example.com', organization: '' },
      { email: 'ops@example.com', organization: 'x'.repeat(256) },
      { email: 'ops@example.com', organization: 'x', password: 5 },
    ])('refuses %j', async (body) => {
      const app = await start();
      const answer = await bootstrap(app, body);
      expect({ status: answer.status, count: failedKeys(answer).length }).toEqual({ status: 422, count: 1 });
      expect((await bootstrap(app)).status).toBe(200);
    });

    it('wants a body', async () => {
      const app = await start();
      expect((await app.http.post('/api/v1/admin/bootstrap')).status).toBe(422);
    });
  });
});
