import { RefusalLog } from '../../src/audit-event/refusal-log.service.js';
import { TestApp } from '../support/test-app.js';

describe('refusals in the audit log', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ env: { AUDIT_REFUSALS_PER_MINUTE: '3' } });
  });
  afterAll(() => app.stop());

  it('fill so many rows in a minute, then one row with a count', async () => {
    const { id, token } = await app.given.identity();
    const refused = () => app.http.post(`/api/v1/auth/token-auth/identities/${id}/tokens`, { token });
    for (let sent = 0; sent < 8; sent += 1) expect((await refused()).status).toBe(403);
    app.clock.advance(60);
    await refused();
    const rows: unknown[] = await app.db.query(
      `SELECT event, outcome, details->'count' AS count FROM audit_event
       WHERE actor_identity_id = $1 AND outcome = 'refused' ORDER BY event`,
      [id],
    );
    const row = { event: 'create-token-identity-token-auth', outcome: 'refused', count: null };
    expect(rows).toEqual([row, row, row, row, { event: 'refusals-suppressed', outcome: 'refused', count: 5 }]);
  });

  const countsOf = async (id: string): Promise<unknown[]> =>
    app.db.query(
      `SELECT details->'count' AS count, organization_id AS organization FROM audit_event
       WHERE actor_identity_id = $1 AND event = 'refusals-suppressed'`,
      [id],
    );

  it('keep their count while the audit log takes no row', async () => {
    const { organizationId } = await app.given.root();
    const { id, token } = await app.given.identity();
    const refused = () => app.http.post(`/api/v1/auth/token-auth/identities/${id}/tokens`, { token });
    for (let sent = 0; sent < 5; sent += 1) await refused();
    app.clock.advance(60);
    const refusals = app.nest.get(RefusalLog);
    await app.db.query('ALTER TABLE audit_event RENAME TO elsewhere');
    await refusals.sweep();
    await app.db.query('ALTER TABLE elsewhere RENAME TO audit_event');
    expect(await countsOf(id)).toEqual([]);
    await refusals.sweep();
    expect(await countsOf(id)).toEqual([{ count: 2, organization: organizationId }]);
  });

  it('tell of an address that was refused at the door, of changes alone, and nothing of a token', async () => {
    const config = { accessTokenTrustedIps: [{ ipAddress: '192.0.2.1' }] };
    const { id, token, tokenId } = await app.given.identity({ role: 'admin', config });
    const { organizationId } = await app.given.root();
    const path = `/api/v1/auth/token-auth/identities/${id}`;
    for (const method of ['GET', 'DELETE']) {
      const headers = { 'user-agent': `agent ${token}` };
      expect((await app.http.send(method, path, { token, headers })).body).toMatchObject({ error: 'ForbiddenError' });
    }
    const rows: object[] = await app.db.query(
      `SELECT event, outcome, organization_id, actor_token_id, identity_id, ip_address, user_agent
       FROM audit_event WHERE actor_identity_id = $1`,
      [id],
    );
    expect(rows).toEqual([
      {
        event: 'revoke-identity-token-auth',
        outcome: 'refused',
        organization_id: organizationId,
        actor_token_id: tokenId,
        identity_id: id,
        ip_address: '127.0.0.1',
        user_agent: 'agent [removed]',
      },
    ]);
  });

  it('are counted for each organization apart', async () => {
    const { identityId } = await app.given.root();
    const { id, token } = await app.given.identity();
    const sub = await app.given.subOrganization({ [identityId]: 'admin', [id]: 'no-access' });
    const { accessToken } = await app.given.mint(id, { organizationSlug: sub.slug });
    const path = `/api/v1/auth/token-auth/identities/${id}/tokens`;
    for (let sent = 0; sent < 4; sent += 1) await app.http.post(path, { token });
    await app.http.post(path, { token: accessToken });
    const rows: object[] = await app.db.query(
      `SELECT FROM audit_event WHERE actor_identity_id = $1 AND organization_id = $2 AND outcome = 'refused'`,
      [id, sub.id],
    );
    expect(rows).toHaveLength(1);
  });
});
