import pg from 'pg';
import { TokenUsage } from '../../src/access-token/usage/token-usage.service.js';
import { Retention } from '../../src/retention/retention.service.js';
import type { Root } from './fixtures.js';
import type { Answer, RequestOptions } from './http-client.js';
import { MetricsOf } from './metrics-of.js';
import { TestApp } from './test-app.js';

/** Requests that a flood sends at once, each on a connection of its own. */
export const CONNECTIONS = 200;

export const IDENTITIES = '/api/v1/identities';
export const CONFIGS = '/api/v1/auth/token-auth/identities';
export const TOKENS = '/api/v1/auth/token-auth/tokens';

/** The response status of each request of `useService` if the service is not overloaded. */
export const SERVED = {
  minted: 200,
  changed: 200,
  introspected: 200,
  read: 200,
  listed: 200,
  renewed: 200,
  revoked: 200,
};

/** The result of background jobs if they are not overloaded. */
export const JOBS_DONE = { isUseWritten: true, failedCleanUps: 0 };

/** A service with two root organizations, the administrator of one of which floods it. */
export class FloodedService {
  private readonly locks: pg.Client[] = [];
  /** The id of the token that `useService` introspected last. */
  private introspected = '';
  /** Changed by each `useService`, because an update with the stored values writes nothing. */
  private ttl = 3600;

  private constructor(
    readonly app: TestApp,
    readonly flooding: Root,
    readonly other: Root,
  ) {}

  static async start(poolSize: number): Promise<FloodedService> {
    const app = await TestApp.start({ env: { DATABASE_POOL_SIZE: String(poolSize) } });
    return new FloodedService(app, await app.given.root(), await app.given.otherRoot());
  }

  async stop(): Promise<void> {
    await this.releaseLocks();
    await this.app.stop();
  }

  /** Sends the same request over many connections at once. */
  flood(method: string, path: string, options: RequestOptions = {}): Promise<Answer[]> {
    const { token } = this.flooding;
    const requests = Array.from({ length: CONNECTIONS }, (_, n) => {
      const headers: Record<string, string> = method === 'POST' ? { 'idempotency-key': `flood ${n}` } : {};
      return this.app.http.send(method, path, { token, ...options, headers });
    });
    return Promise.all(requests);
  }

  /** Sends the same request over many connections at once, again and again, while other work is done. */
  async floodDuring(path: string, work: () => Promise<void>): Promise<Answer[]> {
    const answers: Answer[] = [];
    let isDone = false;
    const connection = async (): Promise<void> => {
      for (;;) {
        answers.push(await this.app.http.get(path, { token: this.flooding.token }));
        if (isDone) return;
      }
    };
    const connections = Promise.all(Array.from({ length: CONNECTIONS }, connection));
    try {
      await work();
    } finally {
      isDone = true;
      await connections;
    }
    return answers;
  }

  /** Sends requests of a caller of the other organization. Each needs the database. */
  async useService(): Promise<Record<string, number>> {
    const { http } = this.app;
    const { token, identityId, organizationId } = this.other;
    const config = `${CONFIGS}/${identityId}`;
    const minted = await http.post(`${config}/tokens`, { token, body: {} });
    const { accessToken, tokenData } = minted.body;
    this.introspected = tokenData?.id;
    const [changed, introspected, read, listed, renewed] = await Promise.all([
      http.patch(config, { token, body: { accessTokenTTL: (this.ttl += 1) } }),
      http.post('/oauth2/introspect', { token, body: { token: accessToken } }),
      http.get(`${TOKENS}/${this.introspected}`, { token }),
      http.get(`${IDENTITIES}?orgId=${organizationId}&limit=10`, { token }),
      http.post('/api/v1/auth/token/renew', { body: { accessToken } }),
    ]);
    const revoked = await http.post('/api/v1/auth/token/revoke', { body: { accessToken } });
    const answers = { minted, changed, introspected, read, listed, renewed, revoked };
    return Object.fromEntries(Object.entries(answers).map(([name, { status }]) => [name, status]));
  }

  /** Runs the background jobs after `useService`. */
  async runBackgroundJobs(): Promise<typeof JOBS_DONE> {
    await this.app.nest.get(TokenUsage).flush();
    const uses = await this.onOwnConnection('SELECT FROM access_token_usage WHERE token_id = $1', [this.introspected]);
    await this.app.nest.get(Retention).run();
    await this.app.catchUp();
    const metrics = await MetricsOf.read(this.app);
    const failedCleanUps = metrics.sum('token_auth_cleanup_failures_total');
    return { isUseWritten: uses.length === 1, failedCleanUps };
  }

  private async onOwnConnection(statement: string, values: unknown[]): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: this.app.backing.databaseUrl });
    await client.connect();
    const { rows } = await client.query(statement, values);
    await client.end();
    return rows;
  }

  /** Holds what a statement locks until the locks are released. */
  async lock(statement: string, values: unknown[] = []): Promise<void> {
    const client = new pg.Client({ connectionString: this.app.backing.databaseUrl });
    await client.connect();
    this.locks.push(client);
    await client.query('BEGIN');
    await client.query(statement, values);
  }

  async releaseLocks(): Promise<void> {
    await Promise.all(this.locks.splice(0).map((client) => client.end()));
  }
}
