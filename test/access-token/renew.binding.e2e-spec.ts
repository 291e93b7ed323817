import { randomBytes } from 'node:crypto';
import { decodeJwt } from '../support/jwt.js';
import { TestApp } from '../support/test-app.js';
import { withoutTriggers } from '../support/without-triggers.js';

/** A renewal is bound to what the token was issued under. CVE-2026-39388. */
describe('POST /api/v1/auth/token/renew: what a token is bound to', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ env: { TRUSTED_PROXIES: '127.0.0.1' } });
  });
  afterAll(() => app.stop());

  const renew = (at: TestApp, accessToken: string, from?: string) =>
    at.http.post('/api/v1/auth/token/renew', {
      body: { accessToken },
      headers: from === undefined ? {} : { 'x-forwarded-for': from },
    });

  it('is its addresses', async () => {
    const { token } = await app.given.identity({ config: { accessTokenTrustedIps: [{ ipAddress: '10.0.0.0/8' }] } });
    expect((await renew(app, token, '192.0.2.1')).body).toMatchObject({ statusCode: 403, error: 'ForbiddenError' });
    expect((await renew(app, token, '10.9.8.7')).status).toBe(200);
    const { sub, jti } = decodeJwt(token);
    const rows: object[] = await app.db.query(
      `SELECT outcome, actor_identity_id, identity_id, token_id, ip_address FROM audit_event
       WHERE event = 'renew-identity-access-token' AND actor_token_id = $1 ORDER BY created_at, id`,
      [jti],
    );
    const event = { actor_identity_id: sub, identity_id: sub, token_id: jti };
    expect(rows).toEqual([
      { ...event, outcome: 'refused', ip_address: '192.0.2.1' },
      { ...event, outcome: 'success', ip_address: '10.9.8.7' },
    ]);
  });

  it('is its audience and its issuer', async () => {
    const { token } = await app.given.identity();
    const env = { DATABASE_URL: app.backing.databaseUrl, KEY_ENCRYPTION_KEYS: randomBytes(32).toString('base64') };
    const ISSUER = 'http://localhost:8080';
    for (const other of [
      { ISSUER, AUDIENCE: 'another' },
      { ISSUER: 'https://another.example', AUDIENCE: ISSUER },
    ]) {
      const replica = await TestApp.start({ beside: app, env: { ...env, ...other } });
      expect((await renew(replica, token)).status).toBe(401);
      await replica.stop();
    }
    expect((await renew(app, token)).status).toBe(200);
  });

  it('is its identity, its organization and its limits, of which the new text says the same', async () => {
    const config = { accessTokenTTL: 60, accessTokenNumUsesLimit: 3 };
    const { token } = await app.given.identity({ config });
    app.clock.advance(30);
    const renewed = decodeJwt((await renew(app, token)).body.accessToken as string);
    const { iat, exp, ...kept } = decodeJwt(token);
    expect(renewed).toEqual({ ...kept, iat: Number(iat) + 30, exp: Number(exp) + 30 });
  });

  it.each([
    { column: 'epoch', value: '999999' },
    { column: 'num_uses_limit', value: '0' },
  ])('refuses to renew when the row contradicts the signed claim: $column', async ({ column, value }) => {
    const { token, tokenId } = await app.given.identity({ config: { accessTokenNumUsesLimit: 3 } });
    await withoutTriggers(app.db, `UPDATE access_token SET ${column} = $2 WHERE id = $1`, [tokenId, value]);
    expect((await renew(app, token)).status).toBe(401);
  });

  it.each(['root_id', 'parent_id'])('refuses to renew when the organization has another %s', async (column) => {
    const { token, organizationId } = await app.given.root();
    const { id } = await app.given.subOrganization();
    await withoutTriggers(app.db, `UPDATE organization SET ${column} = $2 WHERE id = $1`, [organizationId, id]);
    expect((await renew(app, token)).status).toBe(401);
    await withoutTriggers(app.db, `UPDATE organization SET root_id = id, parent_id = NULL WHERE id = $1`, [
      organizationId,
    ]);
    expect((await renew(app, token)).status).toBe(200);
  });
});
