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
});
