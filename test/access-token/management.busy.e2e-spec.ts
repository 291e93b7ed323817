import { MANAGEMENT_LOCK } from '../../src/database/advisory-locks.js';
import { TestApp } from '../support/test-app.js';

/** More than the pool of the service has connections. */
const CHANGES = 40;

describe('more changes of one organization than the service has connections', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  it('wait for one another, and keep nobody else from the database', async () => {
    const { token, organizationId } = await app.given.root();
    const { id } = await app.given.identity();
    const other = await app.given.otherRoot();
    const held = app.db.createQueryRunner();
    await held.startTransaction();
    await held.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [MANAGEMENT_LOCK, organizationId]);
    const changes = Array.from({ length: CHANGES }, async (_, index) =>
      app.http.patch(`/api/v1/identities/${id}`, { token, body: { name: `name ${index}` } }),
    );
    const others = await Promise.all([
      app.http.post('/api/v1/identities', {
        token: other.token,
        body: { name: 'another', organizationId: other.organizationId, role: 'member' },
      }),
      app.http.get('/api/v1/audit-logs', { token }),
    ]);
    expect(others.map(({ status }) => status)).toEqual([200, 200]);
    await held.commitTransaction();
    await held.release();
    const statuses = (await Promise.all(changes)).map(({ status }) => status);
    expect(statuses).toEqual(Array.from({ length: CHANGES }, () => 200));
  });
});
