import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import { type Answer, HttpClient } from '../support/http-client.js';
import { decodeJwt } from '../support/jwt.js';
import { ServiceProcess } from '../support/service-process.js';
import { TestApp } from '../support/test-app.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { waitsForLock } from '../support/waiting.js';

const DETAILS = '/api/v1/identities/details';

describe('a clean stop', () => {
  let db: pg.Client;
  const connect = async (url: string): Promise<string> => {
    db = new pg.Client({ connectionString: url });
    await db.connect();
    return url;
  };

  const usesOf = async (token: string): Promise<unknown> => {
    const { rows } = await db.query('SELECT num_uses::int AS uses FROM access_token_usage WHERE token_id = $1', [
      decodeJwt(token).jti,
    ]);
    return rows;
  };

  it('writes the uses of the last second', async () => {
    const url = await connect(await createDatabase());
    const env = {
      DATABASE_URL: url,
      ISSUER: 'http://localhost:8080',
      KEY_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
      PORT: '0',
    };
    const bootstrap = ServiceProcess.run(['bootstrap'], env);
    await bootstrap.exit();
    const token = bootstrap.stdout.trim();
    const service = ServiceProcess.run(['serve'], env);
    const http = new HttpClient(await service.origin());
    const answers = await Promise.all(Array.from({ length: 20 }, () => http.get(DETAILS, { token })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
    expect(await service.stop('SIGTERM')).toBe(0);
    expect(await usesOf(token)).toEqual([{ uses: 20 }]);
    await db.end();
    await dropDatabase(url);
  });

  /** The answer to a request that is under way when the stop begins. */
  const answeredWhileStopping = async (app: TestApp, request: () => Promise<Answer>, waiting: string) => {
    const server: Server = app.nest.getHttpServer();
    await db.query('BEGIN');
    await db.query('LOCK TABLE membership IN ACCESS EXCLUSIVE MODE');
    const answer = request();
    await waitsForLock(app.db, waiting);
    const stopped = app.nest.close();
    while (server.listening) await setImmediate();
    await db.query('COMMIT');
    const { status } = await answer;
    server.closeIdleConnections();
    await stopped;
    return status;
  };

  it('writes those of requests that end while it goes on, and how much was refused', async () => {
    const app = await TestApp.start({ via: connect, env: { AUDIT_REFUSALS_PER_MINUTE: '1' } });
    const { id, token } = await app.given.identity();
    const refused = () => app.http.post(`/api/v1/auth/token-auth/identities/${id}/tokens`, { token });
    expect((await refused()).status).toBe(403);
    expect(await answeredWhileStopping(app, refused, 'isKnown')).toBe(403);
    expect(await usesOf(token)).toEqual([{ uses: 2 }]);
    const { rows } = await db.query(
      `SELECT details->'count' AS count FROM audit_event WHERE event = 'refusals-suppressed'`,
    );
    expect(rows).toEqual([{ count: 1 }]);
    await db.end();
    await dropDatabase(app.backing.databaseUrl);
  });
});
