import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer } from '../support/http-client.js';
import { TestApp } from '../support/test-app.js';

interface Operation {
  operationId: string;
  method: string;
  path: string;
  parameters: string[];
}

/** Every operation with an id in its path, aliases included. */
const operations: Operation[] = Object.entries(
  (JSON.parse(readFileSync(join(__dirname, '../../openapi.json'), 'utf8')) as { paths: object }).paths,
).flatMap(([path, methods]) =>
  Object.entries(methods as Record<string, { operationId: string }>).map(([method, { operationId }]) => ({
    operationId,
    method: method.toUpperCase(),
    path,
    parameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name),
  })),
);
const walked = operations.filter(({ parameters }) => parameters.length > 0);

/** A body that the operation would take, where it takes one. */
const bodies: Record<string, unknown> = {
  attachTokenAuth: {},
  updateTokenAuth: { accessTokenTTL: 5 },
  createTokenAuthToken: { name: 'x' },
  updateTokenAuthToken: { name: 'x' },
  updateMachineIdentity: { name: 'x' },
  updateSubOrganization: { name: 'x' },
  addSubOrganizationMember: { role: 'no-access' },
  updateSubOrganizationMember: { isActive: false },
  updateOrgRole: { name: 'x' },
};

const UNKNOWN: Ids = {
  identityId: '01900000-0000-7000-8000-000000000000',
  tokenId: '01900000-0000-7000-8000-000000000000',
  subOrgId: '01900000-0000-7000-8000-000000000000',
  roleId: '01900000-0000-7000-8000-000000000000',
  slug: 'unknown-role',
};

type Ids = Record<string, string>;

/**
 * Ids of another organization answer exactly as unknown ones do, and nothing happens.
 * CVE-2026-40264 / GHSA-p49j-v9wc-wg57, CVE-2026-45808, CVE-2023-24999.
 */
describe('an id of another organization', () => {
  let app: TestApp;
  let own: Ids;
  let elsewhere: Record<string, Ids>;
  beforeAll(async () => {
    app = await TestApp.start();
    const root = await app.given.root();
    own = await givenThings(root.token);
    const other = await app.given.otherRoot();
    const sub = await app.given.subOrganization({ [root.identityId]: 'admin' });
    const inSub = await app.given.mint(root.identityId, { organizationSlug: sub.slug });
    elsewhere = {
      'another root': await givenThings(other.token),
      'a sub-organization': await givenThings(inSub.accessToken, { subOrgId: UNKNOWN.subOrgId ?? '' }),
    };
  });
  afterAll(() => app.stop());

  /** One of each kind of thing, in the organization of the token. */
  const givenThings = async (token: string, given: Ids = {}): Promise<Ids> => {
    const post = async (path: string, body: unknown) => {
      const answer = await app.http.post(path, { token, body });
      if (answer.status !== 200) throw new Error(`${path} answered ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body;
    };
    const { organization } = (await app.http.get('/api/v1/identities/details', { token })).body.identityDetails;
    const { identity } = await post('/api/v1/identities', { name: 'x', organizationId: organization.id });
    const config = `/api/v1/auth/token-auth/identities/${identity.id}`;
    await post(config, {});
    const { tokenData } = await post(`${config}/tokens`, {});
    const slug = `role-${identity.id}`;
    const { role } = await post('/api/v1/organization/roles', { slug, name: 'x', permissions: [] });
    const subOrgId =
      given.subOrgId ?? (await post('/api/v1/sub-organizations', { name: `sub ${identity.id}` })).organization.id;
    return { identityId: identity.id, tokenId: tokenData.id, subOrgId, roleId: role.id, slug };
  };

  const request = ({ operationId, method, path }: Operation, ids: Ids, token: string): Promise<Answer> =>
    app.http.send(
      method,
      path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? ''),
      { token, body: bodies[operationId] },
    );

  /** All that there is but the audit log, as a digest for each table. */
  const snapshot = async (): Promise<object> => {
    const tables: { name: string }[] = await app.db.query(
      `SELECT table_name AS name FROM information_schema.tables
       WHERE table_schema = 'public' AND table_name NOT IN ('audit_event', 'access_token_usage', 'replica')`,
    );
    const digests = tables.map(async ({ name }) => {
      const [row]: object[] = await app.db.query(
        `SELECT md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) AS digest FROM "${name}" t`,
      );
      return [name, row] as const;
    });
    return Object.fromEntries(await Promise.all(digests));
  };

  const callers = { 'an administrator': 'admin', 'a caller without permissions': 'no-access' };
  const cases = walked.flatMap((operation) =>
    operation.parameters.flatMap((parameter) =>
      ['another root', 'a sub-organization'].flatMap((place) =>
        Object.entries(callers).map(([caller, role]) => ({ ...operation, operation, parameter, place, caller, role })),
      ),
    ),
  );

  it('is tried on every route that has one', () => {
    expect(walked.length).toBeGreaterThan(10);
    expect(walked.flatMap(({ parameters }) => parameters).filter((name) => !(name in UNKNOWN))).toEqual([]);
    const bodiless = walked.filter(({ method }) => ['PATCH', 'PUT'].includes(method));
    expect(bodiless.filter(({ operationId }) => !(operationId in bodies))).toEqual([]);
  });

  it.each(cases)(
    '$method $path: $parameter of $place is unknown to $caller',
    async ({ operation, parameter, place, role }) => {
      const { token } = await app.given.identity({ role });
      const before = await snapshot();
      const foreign = await request(operation, { ...own, [parameter]: elsewhere[place]?.[parameter] ?? '' }, token);
      const unknown = await request(operation, { ...own, [parameter]: UNKNOWN[parameter] ?? '' }, token);
      expect({ ...foreign.body, reqId: '' }).toEqual({ ...unknown.body, reqId: '' });
      expect(foreign.body).toMatchObject({ statusCode: 404, error: 'NotFound' });
      expect(await snapshot()).toEqual(before);
    },
  );
});
