import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import type { Answer } from '../support/http-client.js';
import { TestApp } from '../support/test-app.js';

interface Schema {
  $ref?: string;
  type?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  allOf?: Schema[];
  enum?: unknown[];
}

interface Operation {
  operationId: string;
  method: string;
  path: string;
  parameters?: { in: string; name: string }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

const document = JSON.parse(readFileSync(join(__dirname, '../../openapi.json'), 'utf8')) as {
  paths: Record<string, Record<string, Omit<Operation, 'method' | 'path'>>>;
  components: { schemas: Record<string, Schema> };
};
const operations: Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
);

/** What the parser or the state of the service may answer to any operation, beside what it documents. */
const ANYWHERE = [400, 401, 403, 404, 413, 415, 422];

const awkward = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom('', '\0', '\ud800', '__proto__', 'constructor', '../..', "' OR 1=1 --", '💥'.repeat(200), '0'),
  fc.uuid(),
);
const value: fc.Arbitrary<unknown> = fc.oneof(
  awkward,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.jsonValue({ maxDepth: 3 }),
);

const resolve = (schema: Schema): Schema => {
  const [inner] = schema.allOf ?? [];
  if (inner) return resolve(inner);
  return schema.$ref ? resolve(document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}) : schema;
};

/** Values that nearly fit a schema, so that they get past the first check. */
const like = (given: Schema): fc.Arbitrary<unknown> => {
  const schema = resolve(given);
  if (schema.enum) return fc.oneof({ arbitrary: fc.constantFrom(...schema.enum), weight: 4 }, value);
  if (schema.type === 'object' && schema.properties) {
    const fields = Object.entries(schema.properties).map(([name, property]) => [name, like(property)] as const);
    return fc.oneof({ arbitrary: fc.record(Object.fromEntries(fields), { requiredKeys: [] }), weight: 9 }, value);
  }
  if (schema.type === 'array') return fc.oneof(fc.array(like(schema.items ?? {}), { maxLength: 4 }), value);
  if (schema.type === 'string') return fc.oneof({ arbitrary: awkward, weight: 4 }, value);
  if (schema.type === 'number' || schema.type === 'integer') return fc.oneof(fc.integer(), fc.nat(100), value);
  return value;
};

const headers = fc.record(
  {
    'content-type': fc.constantFrom('application/json', 'text/plain', 'application/x-www-form-urlencoded', 'junk'),
    authorization: fc.constantFrom('', 'Bearer', 'Bearer a.b.c', 'Basic eA=='),
    'x-forwarded-for': fc.constantFrom('junk', '10.0.0.1', '::1,,'),
    'idempotency-key': fc.constantFrom('key', '', 'ü', 'k'.repeat(65)),
    traceparent: fc.constantFrom('00-junk', 'x'.repeat(500)),
  },
  { requiredKeys: [] },
);

describe('any request', () => {
  let app: TestApp;
  const shapes = new Map<string, ValidateFunction>();
  beforeAll(async () => {
    app = await TestApp.start();
    const ajv = new Ajv({ strict: false, allErrors: true });
    addFormats.default(ajv);
    ajv.addSchema({ ...document, $id: 'api' });
    for (const { operationId, responses } of operations) {
      for (const [status, { content }] of Object.entries(responses)) {
        const schema = content?.['application/json']?.schema;
        if (!schema) continue;
        const local = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object;
        shapes.set(`${operationId} ${status}`, ajv.compile(local));
      }
    }
  });
  afterAll(() => app.stop());

  /** Ids of things that are there, until a request ends them. */
  const givenThings = async (): Promise<string[]> => {
    const { identityId, organizationId } = await app.given.root();
    const { id, tokenId } = await app.given.identity();
    const sub = await app.given.subOrganization({ [identityId]: 'admin', [id]: 'no-access' });
    return [id, tokenId, sub.id, organizationId];
  };

  /** A fresh administrator for each run: what is generated may end whoever sends it. */
  const givenCaller = async () => (await app.given.identity({ role: 'admin' })).token;

  const expectDocumented = ({ operationId, responses }: Operation, { status, body }: Answer): void => {
    expect([...Object.keys(responses).map(Number), ...ANYWHERE]).toContain(status);
    expect(status).toBeLessThan(500);
    if (responses[status]?.content?.['text/event-stream']) return;
    const shape = shapes.get(`${operationId} ${status}`) ?? shapes.get(`getTokenAuth ${status}`);
    expect({ body, fits: shape?.(body) ?? status > 400, errors: shape?.errors ?? null }).toMatchObject({
      fits: true,
      errors: null,
    });
  };

  it.each(operations)('to $method $path is answered as documented', async (operation) => {
    const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    const known = await givenThings();
    const id = fc.oneof(
      fc.constantFrom(...known),
      awkward.map((text) => text.toWellFormed()),
    );
    const queries = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query');
    const schema = operation.requestBody?.content['application/json']?.schema;
    const input = fc.record({
      ids: fc.tuple(...names.map(() => id)),
      query: fc.record(
        Object.fromEntries(queries.map(({ name }) => [name, fc.oneof(fc.nat(50).map(String), awkward)])),
        { requiredKeys: [] },
      ),
      body: operation.method === 'GET' ? fc.constant(undefined) : fc.option(like(schema ?? {}), { nil: undefined }),
      sent: headers,
      hasToken: fc.integer({ min: 0, max: 4 }).map((number) => number > 0),
    });
    await fc.assert(
      fc.asyncProperty(input, async ({ ids, query, body, sent, hasToken }) => {
        const path = names.reduce(
          (text, name, index) => text.replace(`{${name}}`, encodeURIComponent(ids[index] ?? '') || '%20'),
          operation.path,
        );
        const search = new URLSearchParams(query as Record<string, string>);
        const token = hasToken ? await givenCaller() : undefined;
        const extra = { ...sent, ...(token ? { authorization: `Bearer ${token}` } : {}) };
        const visible = Object.fromEntries(Object.entries(extra).filter(([, text]) => /^[\x20-\x7e]*$/.test(text)));
        const answer = await app.http.send(operation.method, `${path}?${search.toString()}`, {
          body,
          headers: visible,
        });
        expectDocumented(operation, answer);
      }),
      { numRuns: 12 },
    );
  });
});
