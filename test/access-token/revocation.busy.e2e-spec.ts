import type { Answer } from '../support/http-client.js';
import { SubOrganizationMembers } from '../support/sub-organization-members.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';

/** So many mints are under way at any time. */
const LOOPS = 24;

/**
 * A commit takes its time, however many mints are in it, as where a standby confirms it: at any time, several of them
 * share what they rest on.
 */
const SLOW_COMMITS = `
  CREATE FUNCTION confirm_late() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF current_setting('test.is_late', true) = 'yes' THEN RETURN NULL; END IF;
      PERFORM set_config('test.is_late', 'yes', true), pg_sleep(0.1);
      RETURN NULL;
    END $$;
  CREATE CONSTRAINT TRIGGER confirm_late AFTER INSERT ON access_token
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION confirm_late()`;

/** Whatever mints share would never be free while they go on without a pause, if those to come could go first. */
describe('what changes or ends an identity that mints without a pause', () => {
  let app: TestApp;
  let replica: TestApp;
  let api: TokenAuthApi;
  let members: SubOrganizationMembers;
  beforeAll(async () => {
    app = await TestApp.start();
    replica = await TestApp.start({ beside: app });
    api = new TokenAuthApi(app);
    members = new SubOrganizationMembers(app);
    await app.db.query(SLOW_COMMITS);
  });
  afterAll(async () => {
    await replica.stop();
    await app.stop();
  });

  /** An identity that mints for itself, in its own organization by a custom role and in one below. */
  const givenPipeline = async () => {
    const { organizationId, identityId, token: root } = await app.given.root();
    const { id } = await app.given.identity();
    const rules = [{ subject: 'identity' as const, action: ['create-token' as const, 'delete-token' as const] }];
    const role = await members.role(organizationId, rules);
    const sub = await app.given.subOrganization({ [id]: 'admin', [identityId]: 'admin' });
    const given = await app.http.patch(`/api/v1/identities/${id}`, { token: root, body: { role: role.slug } });
    expect(given.status).toBe(200);
    const { accessToken: token, tokenData } = await app.given.mint(id);
    return { id, token, tokenId: tokenData.id, roleId: role.id, sub };
  };

  type Pipeline = Awaited<ReturnType<typeof givenPipeline>>;

  /** Mints in both places, over both replicas, from before the act until it has been answered. */
  const whileMinting = async ({ id, token, sub }: Pipeline, act: () => Promise<Answer>): Promise<Answer> => {
    const load = { isOver: false, numMinted: 0 };
    const mintOn = async ({ http }: TestApp, body: object): Promise<void> => {
      while (!load.isOver) {
        const { status } = await http.post(`/api/v1/auth/token-auth/identities/${id}/tokens`, { token, body });
        if (status === 200) load.numMinted += 1;
      }
    };
    const loops = [app, replica].flatMap((one) =>
      [{}, { organizationSlug: sub.slug }].flatMap((body) =>
        Array.from({ length: LOOPS / 4 }, () => mintOn(one, body)),
      ),
    );
    while (load.numMinted < LOOPS) await api.list(id);
    const answer = await act();
    load.isOver = true;
    await Promise.all(loops);
    return answer;
  };

  it.each<[string, (pipeline: Pipeline, root: string) => Promise<Answer>]>([
    ['its Token Auth is detached', ({ id }) => api.detach(id)],
    ['it is deleted', ({ id }, token) => app.http.delete(`/api/v1/identities/${id}`, { token })],
    [
      'its role shrinks',
      ({ roleId }, token) =>
        app.http.patch(`/api/v1/organization/roles/${roleId}`, { token, body: { permissions: [] } }),
    ],
    ['its membership is removed', ({ id, sub }, token) => members.remove(sub.id, id, token)],
    ['the very token that it mints with is revoked', ({ tokenId }) => api.revoke(tokenId)],
    [
      'whoever holds that token ends it',
      ({ token }) => app.http.post('/api/v1/auth/token/revoke', { body: { accessToken: token } }),
    ],
    [
      'that token is renewed',
      ({ token }) => app.http.post('/api/v1/auth/token/renew', { body: { accessToken: token } }),
    ],
  ])('succeeds: %s', async (_what, act) => {
    const { token } = await app.given.root();
    const pipeline = await givenPipeline();
    const { status, body } = await whileMinting(pipeline, () => act(pipeline, token));
    expect({ status, body }).toEqual({ status: 200, body: expect.anything() });
  });
});
