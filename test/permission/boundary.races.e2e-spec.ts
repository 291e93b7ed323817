import { RevocationLog } from '../../src/revocation/revocation-log.service.js';
import type { Answer } from '../support/http-client.js';
import { TestApp } from '../support/test-app.js';
import { TokenAuthApi } from '../support/token-auth-api.js';
import { waitsForLock } from '../support/waiting.js';

/** Whatever is judged while a grant is under way waits for it, and is judged by what came of it. */
describe('the boundary while roles change', () => {
  let app: TestApp;
  let api: TokenAuthApi;
  beforeAll(async () => {
    app = await TestApp.start();
    api = new TokenAuthApi(app);
  });
  afterAll(() => app.stop());
  afterEach(() => jest.restoreAllMocks());

  const ROLES = '/api/v1/organization/roles';
  const MANAGER = ['create', 'edit', 'delete', 'grant-privileges', 'edit-auth', 'revoke-auth', 'create-token'];

  /** Makes a change as the administrator, and while it is written but not yet committed, starts something else. */
  const whileChanging = async (path: string, body: object, act: () => Promise<Answer>): Promise<Answer> => {
    const log = app.nest.get(RevocationLog);
    const noteChange = log.noteChange.bind(log);
    const started: Promise<Answer>[] = [];
    jest.spyOn(log, 'noteChange').mockImplementationOnce(async (...args) => {
      started.push(act());
      await waitsForLock(app.db);
      await noteChange(...args);
    });
    const { token } = await app.given.root();
    expect((await app.http.patch(path, { token, body })).status).toBe(200);
    const [answer] = started;
    if (!answer) throw new Error('nothing was started');
    return answer;
  };

  const whileGranting = (id: string, role: string, act: () => Promise<Answer>): Promise<Answer> =>
    whileChanging(`/api/v1/identities/${id}`, { role }, act);

  const renameTokenOf = async (id: string, token: string): Promise<Answer> =>
    api.rename((await api.list(id)).body.tokens[0].id as string, { name: 'renamed' }, token);

  /** A caller that may do all to identities and roles, and nothing else. */
  const givenManager = async () => {
    const caller = await app.given.identity();
    const role = { subject: 'role', action: ['read', 'create', 'edit', 'delete'] };
    const roleId = await app.given.customRole(caller.id, [{ subject: 'identity', action: MANAGER }, role]);
    return { ...caller, roleId };
  };

  it.each<[string, (id: string, token: string) => Promise<Answer>, (id: string) => Promise<number>, number]>([
    ['mint', (id, token) => api.mint(id, {}, token), async (id) => (await api.list(id)).body.tokens.length, 1],
    [
      'update',
      (id, token) => api.update(id, { accessTokenTTL: 5 }, token),
      async (id) => (await api.config(id)).body.identityTokenAuth.accessTokenTTL,
      2_592_000,
    ],
    ['detach', (id, token) => api.detach(id, token), async (id) => (await api.config(id)).status, 200],
    [
      'delete',
      (id, token) => app.http.delete(`/api/v1/identities/${id}`, { token }),
      async (id) => (await api.config(id)).status,
      200,
    ],
    [
      'demote',
      (id, token) => app.http.patch(`/api/v1/identities/${id}`, { token, body: { role: 'no-access' } }),
      async (id) => (await api.config(id)).status,
      200,
    ],
  ])('lets nobody %s an identity that grows stronger meanwhile', async (_what, act, look, before) => {
    const caller = await givenManager();
    const { id } = await app.given.identity();
    const answer = await whileGranting(id, 'verifier', () => act(id, caller.token));
    expect(answer).toMatchObject({ status: 403, body: { error: 'PermissionBoundaryError' } });
    expect(await look(id)).toBe(before);
  });

  it('lets nobody attach for an identity that grows stronger meanwhile', async () => {
    const caller = await givenManager();
    const id = await app.given.bareIdentity();
    const answer = await whileGranting(id, 'verifier', () => api.attach(id, {}, caller.token));
    expect(answer).toMatchObject({ status: 403, body: { error: 'PermissionBoundaryError' } });
    expect((await api.config(id)).status).toBe(404);
  });

  it.each<[string, (target: string, token: string) => Promise<Answer>]>([
    ['mint', (id, token) => api.mint(id, {}, token)],
    ['rename a token of', renameTokenOf],
    ['update', (id, token) => api.update(id, {}, token)],
    ['detach', (id, token) => api.detach(id, token)],
    ['delete', (id, token) => app.http.delete(`/api/v1/identities/${id}`, { token })],
    ['grant', (id, token) => app.http.patch(`/api/v1/identities/${id}`, { token, body: { role: 'no-access' } })],
    [
      'make a role',
      (id, token) => app.http.post(ROLES, { token, body: { slug: `role-of-${id}`, name: 'x', permissions: [] } }),
    ],
  ])('lets nobody %s who is demoted meanwhile', async (_what, act) => {
    const caller = await givenManager();
    const { id } = await app.given.identity();
    const answer = await whileGranting(caller.id, 'no-access', () => act(id, caller.token));
    expect(answer).toMatchObject({ status: 403, body: { error: 'PermissionDenied' } });
    expect((await api.config(id)).status).toBe(200);
  });

  it.each<[string, (target: string, token: string) => Promise<Answer>]>([
    ['mint', (id, token) => api.mint(id, {}, token)],
    ['rename a token', renameTokenOf],
  ])('lets nobody %s whose role shrinks meanwhile', async (_what, act) => {
    const caller = await givenManager();
    const { id } = await app.given.identity();
    const answer = await whileChanging(`${ROLES}/${caller.roleId}`, { permissions: [] }, () => act(id, caller.token));
    expect(answer).toMatchObject({ status: 403, body: { error: 'PermissionDenied' } });
    expect((await api.list(id)).body.tokens).toMatchObject([{ name: null }]);
  });

  it.each<[string, (role: string, target: string, token: string) => Promise<Answer>]>([
    ['grow a role', (role, _target, token) => app.http.patch(`${ROLES}/${role}`, { token, body: GROWN })],
    [
      'give a role',
      (role, target, token) =>
        app.http.patch(`/api/v1/identities/${target}`, { token, body: { role: `role-${role}` } }),
    ],
  ])('lets nobody %s beyond what they hold, in two steps either', async (_what, act) => {
    const caller = await givenManager();
    const holder = await app.given.identity();
    const role = await app.given.customRole(holder.id, [{ subject: 'access-token', action: ['introspect'] }]);
    const { id } = await app.given.identity();
    expect((await act(role, id, caller.token)).body).toMatchObject({ error: 'PermissionBoundaryError' });
    const own = { slug: `own-${id}`, name: 'x', permissions: [{ subject: 'identity', action: ['create-token'] }] };
    const made = await app.http.post(ROLES, { token: caller.token, body: own });
    expect(made.status).toBe(200);
    const grown = await app.http.patch(`${ROLES}/${made.body.role.id}`, { token: caller.token, body: GROWN });
    expect(grown.body).toMatchObject({ error: 'PermissionBoundaryError' });
  });
});

const GROWN = { permissions: [{ subject: 'access-token', action: ['introspect', 'follow-revocations'] }] };
