import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rawRequest, sendRaw } from '../support/raw-http.js';
import { TestApp } from '../support/test-app.js';

const document = JSON.parse(readFileSync(join(__dirname, '../../openapi.json'), 'utf8')) as {
  paths: Record<string, Record<string, { operationId: string; security?: object[] }>>;
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { operationId, security }]) => ({
    operationId,
    method: method.toUpperCase(),
    path,
    isPublic: security?.length === 0,
  })),
);

/** Who needs no bearer token. Those on tokens take theirs from the body. */
const PUBLIC = [
  'bootstrapInstance',
  'getJwks',
  'getServerMetadata',
  'getStatus',
  'renewIdentityAccessToken',
  'revokeIdentityAccessToken',
  'revokeToken',
];

/** What a 401 is called: below `/oauth2` by whether a token came. */
const unauthorized = (path: string, oauthName: string) =>
  path.startsWith('/oauth2/') ? oauthName : 'UnauthorizedError';

describe('every route', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const urlOf = (path: string) => path.replaceAll(/\{\w+\}/g, '01900000-0000-7000-8000-000000000000');
  const closed = operations.filter(({ isPublic }) => !isPublic);

  it('is public only where the list says so', () => {
    const open = operations.filter(({ isPublic }) => isPublic).map(({ operationId }) => operationId);
    expect(new Set(open)).toEqual(new Set(PUBLIC));
    expect(closed.length).toBeGreaterThan(20);
  });

  it.each(closed)('$method $path is closed without a token', async ({ method, path }) => {
    const answer = await app.http.send(method, urlOf(path), method === 'GET' ? {} : { body: {} });
    expect(answer).toMatchObject({ status: 401, body: { error: unauthorized(path, 'invalid_client') } });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it.each(closed)('$method $path is closed to a token that is none', async ({ method, path }) => {
    const body = method === 'GET' ? undefined : {};
    const answer = await app.http.send(method, urlOf(path), { token: 'junk', body });
    expect(answer).toMatchObject({ status: 401, body: { error: unauthorized(path, 'invalid_token') } });
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token", error_description="[^"]+"$/);
  });

  it('is in the document', () => {
    const routes = app.nest.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false, includeHooks: false });
    const known = new Set(operations.map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`));
    const there = routesOf(routes);
    expect(there.length).toBeGreaterThan(20);
    expect(there.filter((route) => !known.has(route))).toEqual([]);
  });

  it('asks for a token before it looks at a body', async () => {
    const text = rawRequest('POST /api/v1/identities', { 'content-type': 'application/json' }, '{"name":5}');
    expect((await sendRaw(app.origin, text)).status).toBe(401);
  });
});

/** The routes of Fastify's own table, which is drawn as a tree of path segments. */
function routesOf(tree: string): string[] {
  const segments: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', segment = '', methods] = /^([│ ]*)(?:├── |└── )(.*?)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? [];
    if (segment === '') return [];
    segments.length = indent.length / 4;
    segments.push(segment);
    const path = segments
      .join('')
      .replaceAll(/\/+/g, '/')
      .replace(/(?<=.)\/$/, '');
    return (methods ?? '')
      .split(', ')
      .filter((method) => method !== '')
      .map((method) => `${method} ${path}`);
  });
}
