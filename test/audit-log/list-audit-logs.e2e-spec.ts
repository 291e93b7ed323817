import { TestApp } from '../support/test-app.js';

describe('GET /api/v1/audit-logs', () => {
  let app: TestApp;
  let token: string;
  beforeAll(async () => {
    app = await TestApp.start();
    ({ token } = await app.given.root());
  });
  afterAll(() => app.stop());

  const list = (query: string, caller = token) => app.http.get(`/api/v1/audit-logs?${query}`, { token: caller });
  const idsOf = (body: { auditLogs: { id: string }[] }) => body.auditLogs.map(({ id }) => id);

  it('walks all rows exactly once, while new ones arrive', async () => {
    for (let made = 0; made < 7; made += 1) await app.given.bareIdentity();
    const before = idsOf((await list('limit=100')).body);
    const walked: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body } = await list(`limit=2${cursor && `&cursor=${cursor}`}`);
      walked.push(...idsOf(body));
      cursor = body.nextCursor as string | null;
      app.clock.advance(1);
      await app.given.bareIdentity();
    }
    expect(walked).toEqual(before);
  });

  it('filters by event, actor, identity, token and time', async () => {
    app.clock.advance(10);
    const { id, tokenId } = await app.given.identity();
    const { identityId } = await app.given.root();
    const now = app.clock.now().toISOString();
    const eventsOf = async (query: string) =>
      (await list(query)).body.auditLogs.map(({ event }: { event: string }) => event);
    expect(await eventsOf(`token=${tokenId}`)).toEqual(['create-token-identity-token-auth']);
    expect(await eventsOf(`identity=${id}&event=create-identity`)).toEqual(['create-identity']);
    expect(await eventsOf(`actor=${id}`)).toEqual([]);
    expect(await eventsOf(`actor=${identityId}&from=${now}`)).toHaveLength(3);
    expect(await eventsOf(`identity=${id}&to=${now}`)).toEqual([]);
  });

  it('shows another organization nothing', async () => {
    const { id } = await app.given.identity();
    const other = await app.given.otherRoot();
    expect((await list(`identity=${id}`, other.token)).body).toEqual({ auditLogs: [], nextCursor: null });
    expect((await list(`identity=${id}`)).body.auditLogs).toHaveLength(3);
  });

  it('answers 403 without the permission', async () => {
    const { token: member } = await app.given.identity({ role: 'member' });
    expect(await list('', member)).toMatchObject({ status: 403, body: { error: 'PermissionDenied' } });
  });

  it.each([
    'event=unknown',
    'actor=x',
    'identity=x',
    'token=x',
    'from=today',
    'to=2026',
    'limit=0',
    'limit=101',
    'cursor=x',
  ])('answers 422 to %s', async (query) => {
    const { status, body } = await list(query);
    expect(status).toBe(422);
    expect(body.message[0].path).toEqual([query.split('=')[0]]);
  });
});
