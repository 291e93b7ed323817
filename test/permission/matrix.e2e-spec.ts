import { describeApi } from '../../src/app.openapi.js';
import { newId } from '../../src/common/random-id.js';
import { TestApp } from '../support/test-app.js';

const AUTH = '/api/v1/auth/token-auth';
const ROLES = '/api/v1/organization/roles';
const SUBS = '/api/v1/sub-organizations';

/** Every operation with a credential, the roles that may use it beside admin, and what a custom role needs for it. */
// prettier-ignore
const MATRIX: [operation: string, request: string, needs: string[], roles: string[]][] = [
  ['attachTokenAuth',                `POST ${AUTH}/identities/{bare}`,                      ['identity edit-auth'],    []],
  ['updateTokenAuth',                `PATCH ${AUTH}/identities/{identity}`,                 ['identity edit-auth'],    []],
  ['getTokenAuth',                   `GET ${AUTH}/identities/{identity}`,                   ['identity read'],         ['member']],
  ['deleteTokenAuth',                `DELETE ${AUTH}/identities/{identity}`,                ['identity revoke-auth'],  []],
  ['createTokenAuthToken',           `POST ${AUTH}/identities/{identity}/tokens`,           ['identity create-token'], []],
  ['getTokenAuthTokens',             `GET ${AUTH}/identities/{identity}/tokens`,            ['identity get-token'],    ['member']],
  ['getTokenAuthTokenById',          `GET ${AUTH}/tokens/{token}`,                          ['identity get-token'],    ['member']],
  ['getTokenAuthTokenByIdDeprecated', `GET ${AUTH}/identities/{identity}/tokens/{token}`,   ['identity get-token'],    ['member']],
  ['updateTokenAuthToken',           `PATCH ${AUTH}/tokens/{token}`,                        ['identity create-token'], []],
  ['revokeTokenAuthToken',           `POST ${AUTH}/tokens/{token}/revoke`,                  ['identity delete-token'], []],
  ['createMachineIdentity',          'POST /api/v1/identities',                             ['identity create'],       []],
  ['getMachineIdentityById',         'GET /api/v1/identities/{identity}',                   ['identity read'],         ['member']],
  ['getOwnIdentityDetails',          'GET /api/v1/identities/details',                      [],                        ['member', 'verifier', 'no-access']],
  ['createOrgRole',                  `POST ${ROLES}`,                                       ['role create'],           []],
  ['listOrgRoles',                   `GET ${ROLES}`,                                        ['role read'],             ['member']],
  ['getOrgRole',                     `GET ${ROLES}/{role}`,                                 ['role read'],             ['member']],
  ['getOrgRoleBySlug',               `GET ${ROLES}/slug/role-{role}`,                       ['role read'],             ['member']],
  ['updateOrgRole',                  `PATCH ${ROLES}/{role}`,                               ['role edit'],             []],
  ['deleteOrgRole',                  `DELETE ${ROLES}/{role}`,                              ['role delete'],           []],
  ['listMachineIdentities',          'GET /api/v1/identities?orgId={organization}',         ['identity read'],         ['member']],
  ['searchMachineIdentities',        'POST /api/v1/identities/search',                      ['identity read'],         ['member']],
  ['updateMachineIdentity',          'PATCH /api/v1/identities/{identity}',                 ['identity edit'],         []],
  ['deleteMachineIdentity',          'DELETE /api/v1/identities/{identity}',                ['identity delete'],       []],
  ['listIdentityProjectMemberships', 'GET /api/v1/identities/{identity}/identity-memberships', ['identity read'],      ['member']],
  ['listIdentityOrganizationMemberships', 'GET /api/v1/identities/{identity}/organization-memberships', ['identity read'], ['member']],
  ['getOwnOrganization',             'GET /api/v1/organization',                            [],                        ['member', 'verifier', 'no-access']],
  ['listSubOrganizations',           `GET ${SUBS}`,                                         [],                        ['member', 'verifier', 'no-access']],
  ['createSubOrganization',          `POST ${SUBS}`,                                        ['sub-organization create'], []],
  ['updateSubOrganization',          `PATCH ${SUBS}/{sub}`,                                 ['sub-organization edit'], []],
  ['deleteSubOrganization',          `DELETE ${SUBS}/{sub}`,                                ['sub-organization delete'], []],
  ['createSubOrganizationMembership', `POST ${SUBS}/{sub}/memberships`,                     ['sub-organization direct-access'], []],
  ['addSubOrganizationMember',       `PUT ${SUBS}/{sub}/memberships/{bare}`,                ['sub-organization grant-privileges', 'identity create-token'], []],
  ['updateSubOrganizationMember',    `PATCH ${SUBS}/{sub}/memberships/{identity}`,          ['sub-organization grant-privileges'], []],
  ['removeSubOrganizationMember',    `DELETE ${SUBS}/{sub}/memberships/{identity}`,         ['sub-organization grant-privileges'], []],
  ['listAuditLogs',                  'GET /api/v1/audit-logs',                              ['audit-logs read'],       []],
  ['listRevocations',                'GET /api/v1/revocations',                             ['access-token follow-revocations'], ['verifier']],
  ['followRevocations',              'GET /api/v1/revocations/stream',                      ['access-token follow-revocations'], ['verifier']],
  ['introspectToken',                'POST /oauth2/introspect',                             ['access-token introspect'], ['verifier']],
  ['introspectTokens',               'POST /oauth2/introspect/batch',                       ['access-token introspect'], ['verifier']],
];

/** Operations that are a POST and change nothing. */
const QUESTIONS = ['searchMachineIdentities', 'introspectToken', 'introspectTokens'];

describe('who may do what', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const freeRole = async (identityId: string) => {
    const role = await app.given.customRole(identityId, []);
    await app.given.customRole(identityId, []);
    return role;
  };

  /** What a request names, and nothing else. */
  const send = async (request: string, token: string) => {
    const target = await app.given.identity();
    const { organizationId } = await app.given.root();
    const given: Record<string, () => string | Promise<string>> = {
      organization: () => organizationId,
      identity: () => target.id,
      token: () => target.tokenId,
      bare: () => app.given.bareIdentity(),
      role: () => freeRole(target.id),
      sub: async () => (await app.given.subOrganization({ [target.id]: 'no-access' })).id,
    };
    let line = request;
    for (const [, name = ''] of request.matchAll(/\{(\w+)\}/g))
      line = line.replace(`{${name}}`, (await given[name]?.()) ?? '');
    const [method = '', path = ''] = line.split(' ');
    const name = `name ${newId()}`;
    const bodies: Record<string, object> = {
      [`POST ${ROLES}`]: { slug: `role-${newId()}`, name, permissions: [] },
      'POST /oauth2/introspect': { token: target.token },
      'POST /oauth2/introspect/batch': { tokens: [{ token: target.token }] },
    };
    const body = bodies[request] ?? {
      name,
      organizationId,
      ...(request.startsWith('PATCH') && { isActive: false, accessTokenNumUsesLimit: 9 }),
    };
    return app.http.send(method, path, { token, body: method === 'GET' ? undefined : body });
  };

  /** What the audit log says of a request. */
  const outcomesOf = async (reqId: string | null): Promise<string[]> => {
    const rows: { outcome: string }[] = await app.db.query('SELECT outcome FROM audit_event WHERE req_id = $1', [
      reqId,
    ]);
    return rows.map(({ outcome }) => outcome);
  };

  const callerWith = async (needs: string[]) => {
    const caller = await app.given.identity();
    const permissions = needs
      .map((pair) => pair.split(' '))
      .map(([subject = '', action = '']) => ({ subject, action: [action] }));
    await app.given.customRole(caller.id, permissions);
    return caller.token;
  };

  describe.each(MATRIX)('%s', (operation, request, needs, roles) => {
    it.each(['admin', 'member', 'verifier', 'no-access'])('as %s', async (role) => {
      const { token } = await app.given.identity({ role });
      const { status, body, headers } = await send(request, token);
      const isAllowed = role === 'admin' || roles.includes(role);
      const denied = request.includes('/oauth2/') ? 'insufficient_scope' : 'PermissionDenied';
      expect([status, body?.error]).toEqual(isAllowed ? [200, undefined] : [403, denied]);
      const isChange = !request.startsWith('GET') && !QUESTIONS.includes(operation);
      expect(await outcomesOf(headers.get('x-request-id'))).toEqual(
        isChange ? [isAllowed ? 'success' : 'refused'] : [],
      );
    });

    it('with exactly what is needed', async () => {
      expect((await send(request, await callerWith(needs))).status).toBe(200);
    });
  });

  it('createMachineIdentity with a role also wants to grant privileges, and what the role gives', async () => {
    const { organizationId } = await app.given.root();
    const create = (token: string) =>
      app.http.post('/api/v1/identities', { token, body: { name: 'a member', organizationId, role: 'member' } });
    const given = ['identity create', 'identity read', 'identity get-token', 'role read'];
    expect(await create(await callerWith(given))).toMatchObject({ status: 403, body: { error: 'PermissionDenied' } });
    expect((await create(await callerWith([...given, 'identity grant-privileges']))).status).toBe(200);
  });

  it('is said of every operation that wants a credential', () => {
    const { paths } = describeApi(app.nest);
    const operations = Object.values(paths).flatMap((path) =>
      Object.values(path as Record<string, { operationId?: string; security?: object[] }>),
    );
    const secured = operations.filter(({ security }) => security === undefined || security.length > 0);
    const names = secured.map(({ operationId }) => operationId ?? '');
    expect(MATRIX.map(([operation]) => operation).toSorted()).toEqual(names.toSorted());
  });
});
